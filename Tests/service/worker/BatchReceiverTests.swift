import FoundationEssentials
import SandmillEntity
import ServiceLifecycle
import TestSupport
import Testing

@testable import SandmillService

@Suite("BatchIntake", .timeLimit(.minutes(5)))
struct BatchReceiverTests {
    private static let batch =
        #"{"pool": "python", "executions": [{"source": "a"}, {"source": "b"}]}"#

    private let journal = Journal()
    private let store: InMemoryStore
    private let source: FakeSource
    private let lease = WorkerLease(trust: .seconds(600))
    private let id = UUID()

    init() {
        store = InMemoryStore(journal: journal)
        source = FakeSource(journal: journal)
        lease.renew(at: .now)
    }

    @Test func aBatchIsAcknowledgedWhenItsMembersAreInTheStore() async throws {
        try await run {
            send(id, Self.batch)
            await journal.wait(for: .acknowledged(id.text))
        }
        #expect(journal.saw(.admitted(id), before: .acknowledged(id.text)))
        #expect(try await store.batch(id)?.size == 2)
    }

    @Test func whatIsNoBatchIsKeptAndAcknowledged() async throws {
        try await run {
            send(id, "nonsense")
            await journal.wait(for: .acknowledged(id.text))
        }
        #expect(journal.saw(.kept("invalid_request"), before: .acknowledged(id.text)))
    }

    @Test func aStoreThatIsAwayIsWaitedFor() async throws {
        await store.failAdmitting(
            with: Array(repeating: StoreError(.unavailable, "away"), count: 3)
        )
        try await run {
            send(id, Self.batch)
            await journal.wait(for: .acknowledged(id.text))
        }
        #expect(journal.count(of: .released(id.text)) == 0)
    }

    @Test func whatCannotBeTakenInGoesBackAndTheNextOneDoesNotWaitForIt() async throws {
        let next = UUID()
        await store.failAdmitting(with: [StoreError(.internal, "a mistake of ours")])
        try await run {
            send(id, Self.batch)
            await journal.wait(for: .admitFailed)
            send(next, Self.batch)
            await journal.wait(for: .acknowledged(next.text))
            await journal.wait(for: .acknowledged(id.text))
        }
        #expect(journal.count(of: .released(id.text)) == 1)
    }

    @Test func whatIsRefusedAndCannotBeKeptGoesBack() async throws {
        await store.failKeeping(
            with: Array(repeating: StoreError(.internal, "a mistake of ours"), count: 2)
        )
        try await run {
            send(id, "nonsense")
            await journal.wait(for: .acknowledged(id.text))
        }
        #expect(journal.saw(.released(id.text), before: .kept("invalid_request")))
    }

    /// While the store is away the broker's connection may come and go any number of times.
    @Test func aCopyWhoseChannelIsGoneIsDroppedBeforeItIsTakenIn() async throws {
        await store.failAdmitting(
            with: Array(repeating: StoreError(.unavailable, "away"), count: 10_000)
        )
        try await run {
            send(id, Self.batch)
            await journal.wait(for: .admitFailed)
            for _ in 0..<50 { source.closeChannel() }
            await store.failAdmitting(with: [])
            await journal.wait(for: .acknowledged(id.text))
        }
        // What was on its way to the store when its channel went is found to be known.
        #expect(journal.count(of: .admitted(id)) <= 2)
    }

    @Test func nothingIsConsumedWithoutALease() async throws {
        let lease = WorkerLease(trust: .seconds(600))
        try await run(lease: lease) {
            send(id, Self.batch)
            for _ in 0..<100 { await Task.yield() }
            #expect(journal.count(of: .consuming) == 0)
            lease.renew(at: .now)
            await journal.wait(for: .acknowledged(id.text))
        }
    }

    private func send(_ id: UUID, _ body: String) {
        source.send(id.text) { deliveries, settlement in
            Delivery(
                origin: .batches,
                queue: "sandmill.batches",
                routingKey: "batch",
                deliveries: deliveries,
                properties: MessageProperties(
                    contentType: "application/json",
                    messageID: id.text,
                    headers: ["tenant": "default"]
                ),
                body: .complete(Array(body.utf8)),
                settlement: settlement
            )
        }
    }

    /// Takes batches in while `body` runs, then shuts down gracefully and waits for the end.
    private func run(
        lease: WorkerLease? = nil,
        _ body: @Sendable () async throws -> Void
    ) async throws {
        let relay = Relay(
            worker: "w1",
            outbox: store,
            publisher: FakeBroker(journal: journal),
            logger: .silent
        )
        let ledger = ExecutionLedger(
            store: store,
            letters: store,
            results: InMemoryResults(journal: journal),
            relay: relay,
            patience: .zero,
            logger: .silent
        )
        let intake = BatchReceiver(
            source: source,
            admissions: Admissions(
                worker: "w1",
                decoders: ["python": .sample],
                store: store,
                relay: relay
            ),
            ledger: ledger,
            workers: [:],
            lease: lease ?? self.lease,
            clock: HastyClock(),
            logger: .silent
        )
        let group = ServiceGroup(services: [ledger, intake], logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await body()
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}
