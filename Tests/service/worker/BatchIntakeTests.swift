import FoundationEssentials
import SandmillEntity
import ServiceLifecycle
import Testing

@testable import SandmillService

@Suite("BatchIntake", .timeLimit(.minutes(1)))
struct BatchIntakeTests {
    private let journal = Journal()
    private let store: InMemoryStore
    private let id = UUID()
    private let member = UUID()

    init() {
        store = InMemoryStore(journal: journal, speed: 20)
    }

    private var batch: String {
        #"{"pool": "python", "executions": [{"id": "\#(member.text)", "source": "a"}]}"#
    }

    @Test func aBatchIsAcknowledgedOnceItIsInTheStore() async throws {
        try await takeIn(batch) { await journal.wait(for: .acknowledged(id.text)) }
        #expect(journal.saw(.parked(member), before: .acknowledged(id.text)))
    }

    @Test func aStoreThatIsAwayIsWaitedFor() async throws {
        await store.failClaiming(with: [StoreError(.unavailable, "away")])
        try await takeIn(batch) { await journal.wait(for: .acknowledged(id.text)) }
        #expect(journal.saw(.claimFailed, before: .parked(member)))
        #expect(journal.saw(.parked(member), before: .acknowledged(id.text)))
    }

    @Test func whatTheStoreDoesNotHaveAtAShutdownIsLeftToTheBroker() async throws {
        let away = StoreError(.unavailable, "away")
        await store.failClaiming(with: Array(repeating: away, count: 1_000))
        try await takeIn(batch) { await journal.wait(for: .claimFailed) }
        #expect(journal.count(of: .acknowledged(id.text)) == 0)
    }

    @Test func whatIsNoBatchIsKeptWithItsReasonBeforeItIsAcknowledged() async throws {
        try await takeIn("nonsense") { await journal.wait(for: .acknowledged(id.text)) }
        #expect(journal.saw(.kept("invalid_request"), before: .acknowledged(id.text)))
        #expect(await store.letters.map(\.body) == [Array("nonsense".utf8)])
    }

    @Test func whatCanBeNeitherTakenInNorKeptIsNotAcknowledged() async throws {
        await store.failKeeping(with: [StoreError(.internal, "an odd one")])
        try await takeIn("nonsense") { await journal.wait(for: .keepFailed) }
        let acknowledged = Journal.Entry.acknowledged(id.text)
        #expect(journal.count(of: acknowledged, before: .kept("invalid_request")) == 0)
    }

    /// Delivers a batch, and shuts the intake down after `body`.
    private func takeIn(_ text: String, _ body: () async -> Void) async throws {
        let relay = Relay(
            worker: "w1",
            outbox: store,
            publisher: FakeBroker(journal: journal),
            clock: HastyClock(),
            logger: .silent
        )
        let ledger = ExecutionLedger(
            store: store,
            letters: store,
            results: InMemoryResults(journal: journal),
            relay: relay,
            logger: .silent
        )
        let admissions = Admissions(
            worker: "w1",
            decoders: ["python": .sample],
            store: store,
            relay: relay
        )
        let intake = BatchIntake(
            source: OneBatch(id: id.text, body: Array(text.utf8), journal: journal),
            admissions: admissions,
            ledger: ledger,
            workers: [:],
            logger: .silent
        )
        let group = ServiceGroup(services: [relay, ledger, admissions, intake], logger: .silent)
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            await body()
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}

/// A queue with one batch in it.
private struct OneBatch: BatchSource {
    let id: String
    let body: [UInt8]
    let journal: Journal

    func run(deliver: @escaping @Sendable (BatchDelivery) -> Void) async {
        deliver(
            BatchDelivery(
                queue: "sandmill.batches",
                deliveries: 1,
                properties: MessageProperties(
                    contentType: "application/json",
                    messageID: id,
                    headers: ["tenant": "default"]
                ),
                body: .complete(body),
                acknowledge: { journal.note(.acknowledged(id)) }
            )
        )
        await Gate().pass()
    }
}
