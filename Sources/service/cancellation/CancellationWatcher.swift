internal import FoundationEssentials
public import Logging
internal import SandmillEntity
public import ServiceLifecycle

/// Has those executions of a worker ended that shall not run on.
///
/// It looks once a second, and at once when it is told to (``lookSoon()``); by itself, so that no
/// program runs on while many that wait are ended.
public struct CancellationWatcher: Service {
    private let worker: String
    private let cancellations: any CancellationStore
    private let running: RunningExecutions
    private let watch: Poller

    /// Describes a watch.
    ///
    /// - Parameters:
    ///   - worker: The worker's name.
    ///   - cancellations: Tells which have to end, and how.
    ///   - running: The executions that the worker holds.
    ///   - clock: What it waits with.
    ///   - logger: Told what failed.
    public init(
        worker: String,
        cancellations: any CancellationStore,
        running: RunningExecutions,
        clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger
    ) {
        self.worker = worker
        self.cancellations = cancellations
        self.running = running
        watch = Poller(clock: clock, logger: logger)
    }

    /// Has it look at once.
    func lookSoon() {
        watch.lookSoon()
    }

    /// Watches until a graceful shutdown.
    public func run() async throws {
        let (decisions, decision) = AsyncStream<[UUID: Outcome]>.makeStream()
        await withDiscardingTaskGroup { group in
            group.addTask {
                await watch.run([
                    {
                        decision.yield(
                            try await cancellations.decidedEnds(of: running.ids, runBy: worker)
                        )
                    }
                ])
                decision.finish()
            }
            // A sandbox that takes nothing keeps neither the others from ending nor the next look waiting.
            for await decided in decisions {
                for (id, outcome) in decided {
                    group.addTask { await running.end(id, as: outcome) }
                }
            }
        }
    }
}
