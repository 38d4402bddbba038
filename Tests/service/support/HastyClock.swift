/// The continuous clock, but what waits on it waits only a part of the time.
struct HastyClock: Clock {
    typealias Instant = ContinuousClock.Instant

    private let speed: Double

    init(speed: Double = 100) {
        self.speed = speed
    }

    var now: Instant { ContinuousClock().now }

    var minimumResolution: Duration { ContinuousClock().minimumResolution }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try await ContinuousClock().sleep(for: (deadline - now) / speed)
    }
}
