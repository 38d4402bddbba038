internal import Synchronization

/// The drafts of a worker's programs that run, staged as their output comes.
///
/// One task serves all of them: a task and a timer for each program were measured to cost a busy
/// worker 45 µs a program, while this costs a short one an entry in a table.
final class LiveOutputStager: Sendable {
    /// How often what is open is staged.
    ///
    /// A program that ends within an interval is never staged; that of one that runs on is staged
    /// at its second tick and every further, so within two intervals of its coming.
    private static let interval: Duration = .milliseconds(125)

    private struct Entry {
        let draft: any ResultDraft
        var isDue = false
    }

    private let entries = Mutex<[String: Entry]>([:])

    /// Has what a draft gathers staged while `body` runs.
    func keepingStaged<Value>(
        _ draft: any ResultDraft,
        _ body: () async throws -> Value
    ) async rethrows -> Value {
        entries.withLock { $0[draft.path] = Entry(draft: draft) }
        defer { entries.withLock { $0[draft.path] = nil } }
        return try await body()
    }

    /// Stages until the task is cancelled.
    func run(clock: any Clock<Duration> = ContinuousClock()) async {
        while (try? await clock.sleep(for: Self.interval)) != nil {
            for draft in due() { await draft.stage() }
        }
    }

    /// Those that were open at the last tick already.
    private func due() -> [any ResultDraft] {
        entries.withLock { entries in
            let due = entries.values.filter(\.isDue).map(\.draft)
            for path in entries.keys { entries[path]?.isDue = true }
            return due
        }
    }
}
