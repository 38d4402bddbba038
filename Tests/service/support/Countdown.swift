import Synchronization

/// Strikes so many times and then never again.
final class Countdown: Sendable {
    private let left: Mutex<Int>

    init(_ count: Int) {
        left = Mutex(count)
    }

    func strike() -> Bool {
        left.withLock { left in
            left -= 1
            return left >= 0
        }
    }
}
