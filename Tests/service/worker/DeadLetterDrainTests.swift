import SandmillEntity
import ServiceLifecycle
import Testing

@testable import SandmillService

@Suite("DeadLetterDrain", .timeLimit(.minutes(1)))
struct DeadLetterDrainTests {
    private let journal = Journal()
    private let store: InMemoryStore

    init() {
        store = InMemoryStore(journal: journal, speed: 20)
    }

    @Test func aDeadLetterIsAcknowledgedOnceItIsKept() async throws {
        try await drain { await journal.wait(for: .acknowledged("lost")) }
        #expect(journal.saw(.kept("unroutable"), before: .acknowledged("lost")))
        #expect(await store.letters.map(\.body) == [[1, 2, 3]])
    }

    @Test func aStoreThatIsAwayIsWaitedFor() async throws {
        await store.failKeeping(with: [StoreError(.unavailable, "away")])
        try await drain { await journal.wait(for: .acknowledged("lost")) }
        #expect(journal.saw(.keepFailed, before: .kept("unroutable")))
        #expect(journal.saw(.kept("unroutable"), before: .acknowledged("lost")))
    }

    @Test func whatCannotBeKeptIsNotAcknowledged() async throws {
        await store.failKeeping(with: [StoreError(.internal, "an odd one")])
        try await drain { await journal.wait(for: .keepFailed) }
        #expect(journal.count(of: .acknowledged("lost"), before: .kept("unroutable")) == 0)
    }

    /// Delivers a dead letter, and shuts the drain down after `body`.
    private func drain(_ body: () async -> Void) async throws {
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
        let drain = DeadLetterDrain(
            source: OneDeadLetter(journal: journal),
            ledger: ledger,
            logger: .silent
        )
        let group = ServiceGroup(services: [relay, ledger, drain], logger: .silent)
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            await body()
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}

/// A queue with one message that found no taker.
private struct OneDeadLetter: UndeliverableSource {
    let journal: Journal

    func run(deliver: @escaping @Sendable (UndeliverableMessage) -> Void) async {
        let letter = DeadLetter(
            errorType: "unroutable",
            reason: "no queue takes it",
            queue: "sandmill.unrouted",
            routingKey: "nowhere",
            deliveries: 0,
            properties: MessageProperties(messageID: "lost"),
            body: .complete([1, 2, 3])
        )
        deliver(
            UndeliverableMessage(
                letter: letter,
                acknowledge: { journal.note(.acknowledged("lost")) }
            )
        )
        await Gate().pass()
    }
}
