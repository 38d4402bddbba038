internal import Backoff
internal import SandmillEntity
internal import ServiceLifecycle

/// What the broker can be told of a delivery, on the channel by which it came.
public struct Settlement: Sendable {
    /// Has the queue forget the delivery; does nothing once the channel is gone.
    public var acknowledge: @Sendable () async -> Void
    /// Has the queue deliver it again, to anybody, and count that; does nothing once the channel is gone.
    public var release: @Sendable () async -> Void
    /// Whether the channel is gone: the queue has the delivery back, and nothing is to be done for
    /// this copy of it.
    public var isStale: @Sendable () -> Bool

    /// Puts the calls of a channel together.
    public init(
        acknowledge: @escaping @Sendable () async -> Void,
        release: @escaping @Sendable () async -> Void,
        isStale: @escaping @Sendable () -> Bool
    ) {
        self.acknowledge = acknowledge
        self.release = release
        self.isStale = isStale
    }

    /// Gives a delivery back that nothing can be done about here, the later the more often it has
    /// come: until then it counts as unacknowledged, so that nobody is busy with it alone.
    ///
    /// The limit of its queue ends that: then it is a dead letter. At a graceful shutdown it goes back
    /// at once.
    func releaseLater(deliveries: Int?, clock: any Clock<Duration>) async {
        var backoff = Backoff(
            initial: .seconds(1 << min(deliveries ?? 1, 6)),
            maximum: .seconds(30)
        )
        let wait = backoff.next()
        try? await cancelWhenGracefulShutdown { try await clock.sleep(for: wait) }
        await release()
    }
}
