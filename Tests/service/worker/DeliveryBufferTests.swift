import FoundationEssentials
import SandmillEntity
import Synchronization
import Testing

@testable import SandmillService

@Suite("Intake", .timeLimit(.minutes(5)))
struct DeliveryBufferTests {
    private let intake = DeliveryBuffer(prefetch: 3, patience: .seconds(600))

    @Test func deliveriesOfALevelKeepTheirOrder() async {
        for name in ["a", "b", "c"] { intake.offer(.named(name)) }
        var names: [String?] = []
        for _ in 0..<3 { names.append(await intake.next()?.properties.messageID) }
        #expect(names == ["a", "b", "c"])
    }

    @Test func whatCameByAChannelThatIsGoneIsDropped() async {
        let isGone = Mutex(false)
        intake.offer(.named("stale") { isGone.withLock(\.self) })
        intake.offer(.named("stale too", level: .low) { isGone.withLock(\.self) })
        isGone.withLock { $0 = true }
        intake.offer(.named("a"))
        #expect(await intake.next()?.properties.messageID == "a")
    }

    /// The broker delivers no more than that by one channel; what is unsettled may have come by earlier ones.
    @Test func nothingIsTakenBeyondThePrefetchBeforeSomethingIsSettled() async throws {
        for name in ["a", "b", "c", "d"] { intake.offer(.named(name)) }
        let first = try #require(await intake.next())
        for _ in 0..<2 { _ = await intake.next() }
        intake.offer(.named("low", level: .low))
        #expect(await intake.next()?.level == .low)
        async let next = intake.next()
        intake.settle(first)
        #expect(await next?.properties.messageID == "d")
    }

    @Test func aLargeOneIsTakenAloneAndSmallOnesBesideIt() async throws {
        for name in ["a", "b"] { intake.offer(.named(name, size: 12 << 20)) }
        let first = try #require(await intake.next())
        intake.offer(.named("small", level: .low, size: 1 << 10))
        #expect(await intake.next()?.properties.messageID == "small")
        async let next = intake.next()
        intake.settle(first)
        #expect(await next?.properties.messageID == "b")
    }

    @Test func oneThatIsLargerThanAllThatMayBeTakenIsTaken() async {
        intake.offer(.named("a", size: DeliveryBuffer.byteLimit + 1))
        #expect(await intake.next() != nil)
    }

    @Test func aHigherLevelOvertakes() async {
        for _ in 0..<3 { intake.offer(.named("low", level: .low)) }
        intake.offer(.named("high", level: .high))
        #expect(await intake.next()?.level == .high)
    }

    @Test func whatIsNotTakenStaysAndNothingBehindItWaits() async {
        for name in ["a", "b", "c"] { intake.offer(.named(name)) }
        let delivery = await intake.next { $0.properties.messageID == "b" }
        #expect(delivery?.properties.messageID == "b")
        #expect(await intake.next()?.properties.messageID == "a")
    }

    @Test func whatIsNotTakenIsLookedAtAgain() async {
        let isOpen = Mutex(false)
        intake.offer(.named("a"))
        async let delivery = intake.next { _ in isOpen.withLock(\.self) }
        isOpen.withLock { $0 = true }
        intake.lookAgain()
        #expect(await delivery?.properties.messageID == "a")
    }

    @Test func nextWaitsForADelivery() async {
        async let delivery = intake.next()
        intake.offer(.named("a"))
        #expect(await delivery?.properties.messageID == "a")
    }

    @Test func whatWaitsForTooLongIsTakenOutOfTurn() async {
        let intake = DeliveryBuffer(prefetch: 3, patience: .milliseconds(1))
        #expect(intake.takeOverdue() == nil)
        intake.offer(.named("a", level: .low))
        var overdue: Delivery?
        while overdue == nil, !Task.isCancelled { overdue = intake.takeOverdue() }
        #expect(overdue?.level == .low)
        #expect(intake.takeOverdue() == nil)
    }

    @Test func whatHasJustComeIsNotOverdue() {
        intake.offer(.named("a"))
        #expect(intake.takeOverdue() == nil)
    }

    @Test func closeDropsWhatWaitsAndEndsNext() async {
        intake.offer(.named("a"))
        intake.close()
        #expect(await intake.next() == nil)
    }

    @Test func closeWakesWhoeverWaits() async {
        async let delivery = intake.next()
        intake.close()
        #expect(await delivery == nil)
    }

    @Test func aDeliveryAfterCloseIsLeftToTheBroker() async {
        intake.close()
        intake.offer(.named("a"))
        #expect(await intake.next() == nil)
    }

    @Test func cancellationEndsNext() async {
        let waiting = Task { [intake] in await intake.next() }
        waiting.cancel()
        #expect(await waiting.value == nil)
    }

    @Test func itIsSettledOnceClosedAndEverythingTakenIsSettled() async {
        let delivery = Delivery.named("a")
        intake.offer(delivery)
        _ = await intake.next()
        intake.close()
        intake.settle(delivery)
        await intake.waitUntilSettled()
    }

    @Test func itIsNotSettledWhileSomethingTakenIsNot() async {
        for name in ["a", "b"] { intake.offer(.named(name)) }
        for _ in 0..<2 { _ = await intake.next() }
        intake.close()
        intake.settle(.named("a"))
        let isLastSettled = Mutex(false)
        let begin = Gate()
        async let hasWaitedForTheLast: Bool = {
            begin.open()
            await intake.waitUntilSettled()
            return isLastSettled.withLock { $0 }
        }()
        await begin.pass()
        // A wait that ended at once would have ended by then.
        for _ in 0..<100 { await Task.yield() }
        isLastSettled.withLock { $0 = true }
        intake.settle(.named("b"))
        #expect(await hasWaitedForTheLast)
    }
}
