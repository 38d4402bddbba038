public import SandmillEntity
public import SandmillService

extension PoolConfiguration {
    /// What requests of this pool may be.
    public func requests(_ retention: RetentionPolicy) -> SubmissionDecoder.Pool {
        SubmissionDecoder.Pool(
            name: name,
            runtimes: runtimes,
            limits: limits,
            isolation: isolation,
            maximumRetention: retention.maximum
        )
    }

    /// What the sandboxes of this pool are made of.
    public var specification: SandboxSpecification {
        SandboxSpecification(
            pool: name,
            runtimes: runtimes,
            image: image,
            containerRuntime: containerRuntime,
            memory: limits.defaults.memory,
            scratch: scratch,
            scratchFiles: scratchFiles,
            processes: limits.maxima.processes,
            cpus: cpus,
            preload: preload
        )
    }
}

extension Configuration {
    /// How a worker runs the requests of a pool, of which `publishers` says who may send them.
    public func queueWorker(
        _ pool: PoolConfiguration,
        publishers: PublisherPolicy
    ) -> QueueWorker.Configuration {
        QueueWorker.Configuration(
            worker: worker.id,
            cluster: cluster,
            maximumBody: broker.maximumBody,
            prefetch: broker.prefetch,
            concurrency: pool.sandboxes.maximum + worker.claimAhead,
            refill: max(worker.claimAhead / 2, 1),
            window: worker.window,
            windowSize: worker.windowSize,
            maximumAttempts: worker.maximumAttempts,
            killsOnExcessOutput: pool.limits.killsOnExcessOutput,
            publishers: publishers
        )
    }
}
