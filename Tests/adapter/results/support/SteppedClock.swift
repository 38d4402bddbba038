import Synchronization

/// A clock by which the world moves only while somebody waits: each wait is its next step.
final class SteppedClock: Clock {
    typealias Instant = ContinuousClock.Instant
    typealias Step = @Sendable () async throws -> Void

    private let steps: Mutex<ArraySlice<Step>>

    /// Takes these steps; later waits end at once.
    init(_ steps: [Step] = []) {
        self.steps = Mutex(steps[...])
    }

    var now: Instant { ContinuousClock().now }

    var minimumResolution: Duration { ContinuousClock().minimumResolution }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        if let step = steps.withLock({ $0.popFirst() }) {
            try await step()
        } else {
            await Task.yield()
        }
    }
}
