import SandmillEntity
import ServiceLifecycle
import TestSupport
import Testing

@testable import SandmillService

@Suite("DeadLetterDrain", .timeLimit(.minutes(5)))
struct DeadLetterDrainTests {
    private let journal = Journal()
    private let store: InMemoryStore
    private let source: FakeSource
    private let lease = WorkerLease(trust: .seconds(600))

    init() {
        store = InMemoryStore(journal: journal)
        source = FakeSource(journal: journal)
        lease.renew(at: .now)
    }

    @Test func aLetterIsAcknowledgedWhenItIsKept() async throws {
        try await run { _ in
            source.send("a", letter("a"))
            await journal.wait(for: .acknowledged("a"))
        }
        #expect(journal.saw(.kept("given_up"), before: .acknowledged("a")))
    }

    @Test(arguments: [
        (
            Delivery.Origin.unrouted, "unroutable",
            "no queue takes the routing key \"nobody.normal\""
        ),
        (.givenUp(because: "delivery_limit"), "given_up", "the broker gave it up: delivery_limit"),
    ])
    func aLetterSaysWhyItIsOne(origin: Delivery.Origin, type: String, reason: String) async throws {
        try await run { _ in
            source.send("a", letter("a", origin))
            await journal.wait(for: .acknowledged("a"))
        }
        let kept = await store.letters
        #expect(kept.map(\.errorType) == [type])
        #expect(kept.map(\.reason) == [reason])
        #expect(kept.map(\.routingKey) == ["nobody.normal"])
    }

    @Test func whatCannotBeKeptStaysWithTheBrokerAndIsTriedAgain() async throws {
        // With others, and by itself.
        await store.failKeeping(
            with: Array(repeating: StoreError(.internal, "a mistake of ours"), count: 2)
        )
        try await run { _ in
            source.send("a", letter("a"))
            await journal.wait(for: .acknowledged("a"))
        }
        #expect(journal.saw(.kept("given_up"), before: .acknowledged("a")))
        #expect(journal.count(of: .kept("given_up")) == 1)
        #expect(journal.count(of: .released("a")) == 0)
    }

    @Test func nothingIsConsumedWithoutALease() async throws {
        let lease = WorkerLease(trust: .seconds(600))
        try await run(lease: lease) { _ in
            source.send("a", letter("a"))
            for _ in 0..<100 { await Task.yield() }
            #expect(journal.count(of: .consuming) == 0)
            lease.renew(at: .now)
            await journal.wait(for: .acknowledged("a"))
        }
    }

    /// While the store is away the broker's connection may come and go any number of times.
    @Test func whatComesAgainAndAgainWhileNothingCanBeKeptIsKeptOnce() async throws {
        await store.failKeeping(
            with: Array(repeating: StoreError(.internal, "away"), count: 10_000)
        )
        try await run { _ in
            for name in ["a", "b", "c"] { source.send(name, letter(name)) }
            await journal.wait(for: .keepFailed)
            for _ in 0..<50 { source.closeChannel() }
            await store.failKeeping(with: [])
            for name in ["a", "b", "c"] { await journal.wait(for: .acknowledged(name)) }
        }
        // What was on its way to the store when its channel went may be kept twice.
        #expect(journal.count(of: .kept("given_up")) <= 6)
    }

    @Test func aGracefulShutdownWaitsForWhatIsBeingKeptAndAcknowledgesIt() async throws {
        let gate = Gate()
        await store.holdKeeping(until: gate)
        try await run { group in
            source.send("a", letter("a"))
            await journal.wait(for: .keeping)
            await group.triggerGracefulShutdown()
            gate.open()
            await journal.wait(for: .acknowledged("a"))
        }
        #expect(journal.saw(.acknowledged("a"), before: .stoppedConsuming))
    }

    private func letter(
        _ name: String,
        _ origin: Delivery.Origin = .givenUp(because: "rejected")
    ) -> @Sendable (_ deliveries: Int, Settlement) -> Delivery {
        { _, settlement in
            Delivery(
                origin: origin,
                queue: "sandmill.dead",
                routingKey: "nobody.normal",
                properties: MessageProperties(messageID: name),
                body: .complete([]),
                settlement: settlement
            )
        }
    }

    /// Drains while `body` runs, then shuts down gracefully and waits for the end.
    private func run(
        lease: WorkerLease? = nil,
        _ body: @Sendable (ServiceGroup) async throws -> Void
    ) async throws {
        let ledger = ExecutionLedger(
            store: store,
            letters: store,
            results: InMemoryResults(journal: journal),
            relay: Relay(
                worker: "w1",
                outbox: store,
                publisher: FakeBroker(journal: journal),
                logger: .silent
            ),
            patience: .zero,
            logger: .silent
        )
        let drain = DeadLetterDrain(
            source: source,
            ledger: ledger,
            lease: lease ?? self.lease,
            clock: HastyClock(),
            logger: .silent
        )
        let group = ServiceGroup(services: [ledger, drain], logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await body(group)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}
