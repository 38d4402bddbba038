internal import Synchronization

/// The deliveries that this process has not acknowledged, by queue; any thread asks.
final class OpenDeliveries: Sendable {
    private let sources = Mutex<[@Sendable () -> [String: Int]]>([])

    /// Counts what `source` counts, too.
    func add(_ source: @escaping @Sendable () -> [String: Int]) {
        sources.withLock { $0.append(source) }
    }

    /// How many there are; queues without any are left out.
    var counts: [String: Int] {
        let all = sources.withLock { $0 }
        return all.reduce(into: [:]) { counts, source in
            counts.merge(source().filter { $0.value > 0 }) { $0 + $1 }
        }
    }
}
