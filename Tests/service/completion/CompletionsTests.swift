import FoundationEssentials
import Logging
import SandmillEntity
import SandmillService
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5))) struct CompletionsTests {
    private let source = FakeEvents()
    private let records = CountingRecords()

    /// Calls `body` with a subscription that runs.
    private func withCompletions(
        _ body: (Completions) async throws -> Void
    ) async throws {
        let completions = Completions(
            source: source,
            records: records,
            clock: HastyClock(),
            logger: .silent
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await completions.run() }
            try await body(completions)
            group.cancelAll()
        }
    }

    private static func event(_ id: UUID) -> EventMessage {
        let body = #"{"data":{"id":"\#(id.uuidString.lowercased())","state":"succeeded"}}"#
        return EventMessage(routingKey: "execution", body: Array(body.utf8))
    }

    @Test func anEndThatIsPushedWakesWhoWaitsAndAsksNobody() async throws {
        try await withCompletions { completions in
            let queue = await source.subscription()
            let id = UUID()
            let end = try await completions.end(of: id, within: .seconds(1_000)) { replyTo in
                #expect(replyTo == queue)
                source.push(Self.event(id))
                return true
            }
            #expect(end?.id == id)
            #expect(end?.document.contains("\"state\":\"succeeded\"") == true)
            #expect(records.count == 0)
            #expect(await completions.waiterCount == 0)
        }
    }

    @Test func endsOfOthersWakeNobody() async throws {
        try await withCompletions { completions in
            _ = await source.subscription()
            let end = try await completions.end(of: UUID(), within: .seconds(5)) { _ in
                source.push(Self.event(UUID()))
                return true
            }
            #expect(end == nil)
        }
    }

    @Test func twoWhoWaitForTheSameBothGetIt() async throws {
        try await withCompletions { completions in
            _ = await source.subscription()
            let id = UUID()
            async let first = completions.end(of: id, within: .seconds(1_000)) { _ in true }
            let second = try await completions.end(of: id, within: .seconds(1_000)) { _ in
                while await completions.waiterCount < 2, !Task.isCancelled { await Task.yield() }
                source.push(Self.event(id))
                return true
            }
            #expect(second?.id == id)
            let other = try await first
            #expect(other?.id == id)
        }
    }

    @Test func whatWasSubmittedBeforeIsLookedUp() async throws {
        try await withCompletions { completions in
            _ = await source.subscription()
            let id = UUID()
            records.end(id)
            let end = try await completions.end(of: id, within: .seconds(1_000)) { _ in false }
            #expect(end?.document == "{}")
            #expect(records.count == 1)
        }
    }

    @Test func aLostConnectionIsMadeUpForByLookingUp() async throws {
        try await withCompletions { completions in
            let queue = await source.subscription()
            let id = UUID()
            let end = try await completions.end(of: id, within: .seconds(1_000)) { _ in
                source.lose()
                records.end(id)
                return true
            }
            #expect(end?.document == "{}")
            let next = await source.subscription()
            #expect(next != queue)
        }
    }

    @Test func whileTheBrokerIsAwayTheStoreIsAsked() async throws {
        source.refuse()
        try await withCompletions { completions in
            let id = UUID()
            let end = try await completions.end(of: id, within: .seconds(1_000)) { replyTo in
                #expect(replyTo == nil)
                records.end(id)
                return true
            }
            #expect(end?.document == "{}")
            #expect(await !completions.isSubscribed)
        }
    }

    @Test func whoIsCancelledStopsWaiting() async throws {
        try await withCompletions { completions in
            _ = await source.subscription()
            let wait = Task {
                try await completions.end(of: UUID(), within: .seconds(100_000)) { _ in true }
            }
            while await completions.waiterCount == 0, !Task.isCancelled { await Task.yield() }
            wait.cancel()
            let end = try await wait.value
            #expect(end == nil)
            #expect(await completions.waiterCount == 0)
        }
    }

    @Test func whatCannotBeSubmittedIsNotWaitedFor() async throws {
        struct Refused: Error {}
        try await withCompletions { completions in
            _ = await source.subscription()
            await #expect(throws: Refused.self) {
                try await completions.end(of: UUID(), within: .seconds(1_000)) { _ in
                    throw Refused()
                }
            }
            #expect(await completions.waiterCount == 0)
        }
    }
}

/// Records that count how often they are asked.
private final class CountingRecords: ExecutionRecords {
    private let state = Mutex((ended: Set<UUID>(), count: 0))

    var count: Int { state.withLock { $0.count } }

    func end(_ id: UUID) {
        state.withLock { _ = $0.ended.insert(id) }
    }

    func execution(_ id: UUID) -> ExecutionRecord? {
        let hasEnded = state.withLock { state in
            state.count += 1
            return state.ended.contains(id)
        }
        guard hasEnded else { return nil }
        return ExecutionRecord(
            id: id,
            tenant: "default",
            pool: "python",
            level: .normal,
            state: .succeeded,
            reason: nil,
            attempt: 1,
            batchID: nil,
            worker: nil,
            submittedAt: .now,
            startedAt: nil,
            finishedAt: nil,
            result: "{}"
        )
    }
}

/// A broker whose events a test pushes.
private final class FakeEvents: EventSource {
    private typealias Events = AsyncThrowingStream<EventMessage, any Error>

    private struct State {
        var count = 0
        var isRefusing = false
        var current: Events.Continuation?
    }

    private let state = Mutex(State())
    private let subscriptions: AsyncStream<String>
    private let subscribed: AsyncStream<String>.Continuation

    init() {
        (subscriptions, subscribed) = AsyncStream.makeStream()
    }

    /// Waits for the next subscription and returns its queue.
    func subscription() async -> String? {
        var iterator = subscriptions.makeAsyncIterator()
        return await iterator.next()
    }

    func push(_ message: EventMessage) {
        _ = state.withLock { $0.current }?.yield(message)
    }

    func lose() {
        state.withLock { $0.current }?.finish(throwing: BrokerError(.unavailable, "lost"))
    }

    func refuse() {
        state.withLock { $0.isRefusing = true }
    }

    func withSubscription<Result: Sendable>(
        to patterns: [String],
        _ body: @Sendable (EventSubscription) async throws -> Result
    ) async throws -> Result {
        let (events, continuation) = Events.makeStream()
        let queue = try state.withLock { state throws(BrokerError) in
            if state.isRefusing { throw BrokerError(.unavailable, "away") }
            state.count += 1
            state.current = continuation
            return "queue-\(state.count)"
        }
        let subscribed = subscribed
        // The queue is in use once the first event is asked for.
        let asked = Mutex(false)
        let pulled = AsyncThrowingStream<EventMessage, any Error> {
            let isFirst = asked.withLock { asked in
                defer { asked = true }
                return !asked
            }
            if isFirst { subscribed.yield(queue) }
            return try await events.first { _ in true }
        }
        return try await withTaskCancellationHandler {
            try await body(EventSubscription(replyTo: queue, events: pulled))
        } onCancel: {
            continuation.finish()
        }
    }
}
