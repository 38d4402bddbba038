public import Logging
internal import Metrics
internal import Synchronization

/// Whether the record store keeps something waiting that is to be written, and what.
///
/// Who writes reports here. What waits for longer than ``patience`` is said in the log, once, and
/// once more when it is written; the gauge `sandmill_store_delay_seconds` tells how long each kind
/// has waited. Any thread may use it.
public final class StoreDelay: Sendable {
    /// How long something waits before anybody is told.
    static let patience: Duration = .seconds(5)

    private struct Wait {
        let start: ContinuousClock.Instant
        var reason: String
        var isTold = false
    }

    private let logger: Logger
    private let now: @Sendable () -> ContinuousClock.Instant
    private let waits = Mutex<[String: Wait]>([:])

    /// Describes one that tells `logger`.
    public convenience init(logger: Logger) {
        self.init(logger: logger) { .now }
    }

    init(logger: Logger, now: @escaping @Sendable () -> ContinuousClock.Instant) {
        self.logger = logger
        self.now = now
    }

    /// What has waited for long, and why, in one sentence; nil when nothing has.
    public var description: String? {
        let now = now()
        let long = waits.withLock { $0.filter { now - $0.value.start >= Self.patience } }
        guard let oldest = long.min(by: { $0.value.start < $1.value.start })?.value else {
            return nil
        }
        let kinds = long.keys.sorted().joined(separator: ", ")
        let seconds = (now - oldest.start).components.seconds
        return "\(kinds) have not been written for \(seconds) s: \(oldest.reason)"
    }

    /// Notes that `kind` waits, `count` of them, since the store refused them.
    func note(_ kind: String, count: Int, because reason: String) {
        let now = now()
        let (wait, isNew) = waits.withLock { waits in
            var wait = waits[kind] ?? Wait(start: now, reason: reason)
            wait.reason = reason
            let isNew = !wait.isTold && now - wait.start >= Self.patience
            if isNew { wait.isTold = true }
            waits[kind] = wait
            return (wait, isNew)
        }
        gauge(kind, now - wait.start)
        guard isNew else { return }
        logger.warning(
            "The record store does not take what is to be written; it is tried again until it does.",
            metadata: [
                LogKey.kind: "\(kind)", LogKey.count: "\(count)", LogKey.reason: "\(reason)",
            ]
        )
    }

    /// Notes that nothing of `kind` waits any more.
    func end(_ kind: String) {
        guard let wait = waits.withLock({ $0.removeValue(forKey: kind) }) else { return }
        gauge(kind, .zero)
        guard wait.isTold else { return }
        logger.info(
            "The record store takes again what is to be written.",
            metadata: [LogKey.kind: "\(kind)"]
        )
    }

    private func gauge(_ kind: String, _ duration: Duration) {
        Gauge(label: "sandmill_store_delay_seconds", dimensions: [("kind", kind)])
            .record(duration / .seconds(1))
    }
}

extension LogKey {
    /// What kind of thing it is about.
    fileprivate static let kind = "kind"
}
