import FoundationEssentials
import SandmillEntity
import ServiceLifecycle
import TestSupport
import Testing

@testable import SandmillService

/// What hints do, where nothing else would make a worker look.
@Suite("ControlListener", .timeLimit(.minutes(5)))
struct ControlListenerTests {
    private let journal = Journal()
    private let hints = FakeHints()

    /// Runs what looks at the store, whose second never passes, and a listener, while `body` does.
    private func run(_ body: @Sendable @escaping (InMemoryStore) async throws -> Void) async throws
    {
        let store = InMemoryStore(journal: journal)
        let relay = Relay(
            worker: "w1",
            outbox: store,
            publisher: FakeBroker(journal: journal),
            logger: .silent
        )
        let clock = HastyClock(speed: 0.001)
        let sweeper = Sweeper(
            name: "w1",
            cluster: "test",
            executions: store,
            cancellations: store,
            relay: relay,
            messageTimeout: .seconds(300),
            clock: clock,
            logger: .silent
        )
        let decidedEnds = CancellationWatcher(
            worker: "w1",
            cancellations: store,
            running: RunningExecutions(),
            clock: clock,
            logger: .silent
        )
        let listener = ControlListener(
            source: hints,
            sweeper: sweeper,
            decidedEnds: decidedEnds,
            workers: [:],
            logger: .silent
        )
        let services: [any Service] = [relay, sweeper, decidedEnds, listener]
        let group = ServiceGroup(services: services, logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await body(store)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    @Test func aHintEndsWhatIsCancelledBeforeTheNextLook() async throws {
        let id = UUID()
        try await run { [hints, journal] store in
            var claim = try Claim.sample(.sample(id))
            claim.intent = .park
            _ = try await store.claim([claim])
            _ = try await store.cancel([id], tenant: nil, keepsUnknown: false)
            hints.send(ControlMessage(cancel: [id]).outboundMessage.body)
            await journal.wait(for: .finished(id, .cancelled))
            await journal.wait(for: .admittedHeldMembers)
        }
    }

    @Test func whatIsNoHintChangesNothingAndTheNextIsHeeded() async throws {
        try await run { [hints, journal] _ in
            hints.send(Array("nonsense".utf8))
            hints.send(Array(#"{"later": 1}"#.utf8))
            hints.send(ControlMessage(cancelBatch: UUID()).outboundMessage.body)
            await journal.wait(for: .admittedHeldMembers)
        }
        #expect(journal.count(of: .admittedHeldMembers) == 1)
    }
}

/// Hints as a test sends them.
private final class FakeHints: EventSource {
    private let events: AsyncThrowingStream<EventMessage, any Error>
    private let continuation: AsyncThrowingStream<EventMessage, any Error>.Continuation

    init() {
        (events, continuation) = AsyncThrowingStream.makeStream()
    }

    func send(_ body: [UInt8]) {
        continuation.yield(EventMessage(routingKey: "", body: body))
    }

    func withSubscription<Result: Sendable>(
        to patterns: [String],
        _ body: @Sendable (EventSubscription) async throws -> Result
    ) async throws -> Result {
        try await body(EventSubscription(replyTo: "", events: events))
    }
}
