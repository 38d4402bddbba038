internal import Synchronization

/// How many executions wait in this process for a sandbox; any thread counts and asks.
///
/// While there are any, more work at once is worth more than an early end of each piece.
public final class Backlog: Sendable {
    private let count = Atomic(0)

    /// Starts empty.
    public init() {}

    /// Whether none waits.
    var isEmpty: Bool { count.load(ordering: .relaxed) == 0 }

    /// Counts one while `wait` lasts.
    func counting<Result>(_ wait: () async throws -> Result) async rethrows -> Result {
        count.add(1, ordering: .relaxed)
        defer { count.subtract(1, ordering: .relaxed) }
        return try await wait()
    }
}
