import Synchronization
import Testing

@testable import SandmillService

@Suite("Inbox", .timeLimit(.minutes(5)))
struct InboxTests {
    private let inbox = Inbox()

    @Test func messagesKeepTheirOrder() async {
        for name in ["a", "b"] { inbox.offer(.named(name)) }
        #expect(await inbox.next()?.properties.messageID == "a")
        #expect(await inbox.next()?.properties.messageID == "b")
    }

    @Test func whatCameByAChannelThatIsGoneIsDropped() async {
        let isGone = Mutex(false)
        inbox.offer(.named("stale", isStale: { isGone.withLock(\.self) }))
        inbox.offer(.named("a"))
        isGone.withLock { $0 = true }
        #expect(await inbox.next()?.properties.messageID == "a")
    }

    @Test func nextWaitsForAMessage() async {
        async let message = inbox.next()
        inbox.offer(.named("a"))
        #expect(await message?.properties.messageID == "a")
    }

    @Test func closeDropsWhatWaitsAndEndsNext() async {
        inbox.offer(.named("a"))
        inbox.close()
        inbox.offer(.named("b"))
        #expect(await inbox.next() == nil)
    }

    @Test func cancellationEndsNext() async {
        let waiting = Task { [inbox] in await inbox.next() }
        waiting.cancel()
        #expect(await waiting.value == nil)
    }
}
