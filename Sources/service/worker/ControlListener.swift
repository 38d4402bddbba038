internal import Backoff
public import Logging
internal import SandmillEntity
public import ServiceLifecycle

/// Heeds the hints that come by the control exchange.
///
/// It does nothing but make the worker look at the store before its time, so that a hint which is
/// lost, late or forged changes nothing.
public struct ControlListener: Service {
    private let source: any EventSource
    private let sweeper: Sweeper
    private let decidedEnds: CancellationWatcher
    private let workers: [String: QueueWorker]
    private let supervisor: WorkerSupervisor?
    private let logger: Logger

    /// Describes a listener.
    ///
    /// - Parameters:
    ///   - source: Where the hints come from.
    ///   - sweeper: Looks at what is cancelled and queued.
    ///   - decidedEnds: Looks at what is cancelled and claimed.
    ///   - workers: Look at what waits in the store, by the names of their pools.
    ///   - supervisor: Looks whether the worker is to drain.
    ///   - logger: Told when the hints cannot be had.
    public init(
        source: any EventSource,
        sweeper: Sweeper,
        decidedEnds: CancellationWatcher,
        workers: [String: QueueWorker],
        supervisor: WorkerSupervisor? = nil,
        logger: Logger
    ) {
        self.source = source
        self.sweeper = sweeper
        self.decidedEnds = decidedEnds
        self.workers = workers
        self.supervisor = supervisor
        self.logger = logger
    }

    /// Listens until a graceful shutdown; reconnects by itself.
    public func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var backoff = Backoff(initial: .seconds(1), maximum: .seconds(30))
            while !Task.isCancelled {
                let began = ContinuousClock.now
                do {
                    try await source.withSubscription(to: [""]) { subscription in
                        for try await message in subscription.events { receive(message) }
                    }
                } catch {
                    logger.debug(
                        "There is no subscription to hints.",
                        metadata: [LogKey.reason: "\(error)"]
                    )
                }
                // What held for a while was no failed attempt.
                if ContinuousClock.now - began > .seconds(30) { backoff.reset() }
                try await ContinuousClock().sleep(for: backoff.next())
            }
        }
    }

    private func receive(_ message: EventMessage) {
        guard let hint = ControlMessage(message.body) else { return }
        if hint.cancel != nil || hint.cancelBatch != nil {
            sweeper.sweepSoon()
            decidedEnds.lookSoon()
        }
        if let pool = hint.parked { workers[pool]?.lookAtStoreSoon() }
        if let worker = hint.drain { supervisor?.reportSoon(ifItIs: worker) }
    }
}
