internal import Glibc
internal import Synchronization

/// A second descriptor of a connection's socket, and when the connection's thread was last alive.
///
/// The library closes its own descriptor whenever it likes. This one stays valid for as long as
/// somebody polls it or may shut it down, so that neither can hit a number used anew.
final class WatchedSocket: Sendable {
    let descriptor: CInt
    /// How long the thread may go without a ``tick()``.
    let limit: Duration

    private let lastTick = Mutex(ContinuousClock.now)
    private let wasShutDown = Atomic(false)

    init(duplicating original: CInt, limit: Duration) throws(AMQPError) {
        descriptor = fcntl(original, F_DUPFD_CLOEXEC, 0)
        self.limit = limit
        guard descriptor >= 0 else {
            throw AMQPError(.connectionLost, "no descriptor is left for a connection")
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Says that the connection's thread is alive.
    func tick() {
        let now = ContinuousClock.now
        lastTick.withLock { $0 = now }
    }

    /// Ends whatever call on the socket the thread hangs in, if it has not ticked in time.
    func shutDownIfStuck() {
        guard lastTick.withLock({ $0.duration(to: .now) }) > limit else { return }
        wasShutDown.store(true, ordering: .relaxed)
        shutdown(descriptor, CInt(SHUT_RDWR))
    }

    /// Why the connection ended, if ``shutDownIfStuck()`` ended it.
    var verdict: AMQPError? {
        guard wasShutDown.load(ordering: .relaxed) else { return nil }
        return AMQPError(
            .connectionLost,
            "the broker took nothing for \(limit), so the watchdog shut the connection down"
        )
    }
}
