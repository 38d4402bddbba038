import Synchronization
import Testing

@testable import SandmillService

@Suite("Inbox", .timeLimit(.minutes(5)))
struct InboxTests {
    private struct Message: Sendable {
        let name: String
        let settlement: Settlement

        init(_ name: String, isStale: @escaping @Sendable () -> Bool = { false }) {
            self.name = name
            settlement = Settlement(acknowledge: {}, release: {}, isStale: isStale)
        }
    }

    private let inbox = Inbox<Message>(settlement: \.settlement)

    @Test func messagesKeepTheirOrder() async {
        for name in ["a", "b"] { inbox.offer(Message(name)) }
        #expect(await inbox.next()?.name == "a")
        #expect(await inbox.next()?.name == "b")
    }

    @Test func whatCameByAChannelThatIsGoneIsDropped() async {
        let isGone = Mutex(false)
        inbox.offer(Message("stale") { isGone.withLock(\.self) })
        inbox.offer(Message("a"))
        isGone.withLock { $0 = true }
        #expect(await inbox.next()?.name == "a")
    }

    @Test func nextWaitsForAMessage() async {
        async let message = inbox.next()
        inbox.offer(Message("a"))
        #expect(await message?.name == "a")
    }

    @Test func closeDropsWhatWaitsAndEndsNext() async {
        inbox.offer(Message("a"))
        inbox.close()
        inbox.offer(Message("b"))
        #expect(await inbox.next() == nil)
    }

    @Test func cancellationEndsNext() async {
        let waiting = Task { [inbox] in await inbox.next() }
        waiting.cancel()
        #expect(await waiting.value == nil)
    }
}
