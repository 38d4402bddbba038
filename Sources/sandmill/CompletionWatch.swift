import Foundation
import SandmillRepository
import SandmillService

/// Waits for the ends of executions.
///
/// Their events tell them at once. An execution that had ended before it was submitted again, or
/// whose event was lost with the connection, is found by its record; without a database only the
/// events count.
struct CompletionWatch {
    private static let lookUpInterval: Duration = .seconds(2)
    private static let lookUpSize = 64

    let subscription: EventSubscription
    let executions: PostgreSQLExecutionStore

    /// Tells the end of each execution, in the order in which they are learnt of.
    func follow(_ ids: [UUID], tell: (FinishedEvent) throws -> Void) async throws {
        let (ends, continuation) = AsyncThrowingStream<FinishedEvent, any Error>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await receiveEvents(into: continuation) }
            group.addTask { await lookUp(ids, into: continuation) }
            defer { group.cancelAll() }
            var missing = Set(ids)
            for try await end in ends where missing.remove(end.id) != nil {
                try tell(end)
                if missing.isEmpty { return }
            }
        }
    }

    private typealias Ends = AsyncThrowingStream<FinishedEvent, any Error>.Continuation

    private func receiveEvents(into ends: Ends) async {
        do {
            for try await message in subscription.events {
                if let event = FinishedEvent(message) { ends.yield(event) }
            }
            ends.finish()
        } catch {
            ends.finish(throwing: error)
        }
    }

    private func lookUp(_ ids: [UUID], into ends: Ends) async {
        var unseen = ids[...]
        while (try? await ContinuousClock().sleep(for: Self.lookUpInterval)) != nil {
            let window = unseen.prefix(Self.lookUpSize)
            unseen = unseen.dropFirst(window.count)
            for id in window {
                let record = try? await executions.execution(id)
                if let record, let end = FinishedEvent(record) {
                    ends.yield(end)
                } else {
                    unseen.append(id)
                }
            }
        }
    }
}
