internal import FoundationEssentials
public import Logging
internal import Metrics
internal import SandmillEntity
public import ServiceLifecycle

/// Turns the requests of one pool into records, results and events.
///
/// What happens to a message is ``process(_:)``. The worker bounds itself: it takes the next
/// delivery only when fewer than `concurrency` are between their claim and their end, sandboxes
/// can be started, and results can be written.
public struct QueueWorker: Service {
    /// How a worker works.
    public struct Configuration: Sendable {
        /// Who it is.
        public var worker: String
        /// What the installation is called in events.
        public var cluster: String
        /// How many deliveries of one level the source may have unacknowledged.
        public var prefetch: Int
        /// The most executions between their claim and their end.
        public var concurrency: Int
        /// After so many attempts a fault of ours ends an execution in `errored`.
        public var maximumAttempts: Int
        /// Whether a program that writes more than is kept is killed.
        public var killsOnExcessOutput: Bool

        /// Puts a configuration together.
        public init(
            worker: String,
            cluster: String,
            prefetch: Int,
            concurrency: Int,
            maximumAttempts: Int,
            killsOnExcessOutput: Bool
        ) {
            self.worker = worker
            self.cluster = cluster
            self.prefetch = prefetch
            self.concurrency = concurrency
            self.maximumAttempts = maximumAttempts
            self.killsOnExcessOutput = killsOnExcessOutput
        }
    }

    private let configuration: Configuration
    private let decoder: SubmissionDecoder
    private let source: any DeliverySource
    private let ledger: ExecutionLedger
    private let pool: WarmPool
    private let runner: ProgramRunner
    private let logger: Logger
    private let intake: Intake

    /// Describes a worker for the pool that `decoder` reads requests for.
    public init(
        _ configuration: Configuration,
        decoder: SubmissionDecoder,
        source: any DeliverySource,
        ledger: ExecutionLedger,
        pool: WarmPool,
        results: any ResultsStore,
        logger: Logger
    ) {
        self.configuration = configuration
        self.decoder = decoder
        self.source = source
        self.ledger = ledger
        self.pool = pool
        self.logger = logger
        intake = Intake(prefetch: configuration.prefetch)
        runner = ProgramRunner(
            worker: configuration.worker,
            killsOnExcessOutput: configuration.killsOnExcessOutput,
            pool: pool,
            results: results,
            ledger: ledger,
            announcer: CompletionAnnouncer(cluster: configuration.cluster),
            drafts: OpenDrafts()
        )
    }

    /// Works until a graceful shutdown, then finishes what it has claimed.
    public func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask {
                try? await gracefulShutdown()
                intake.close()
            }
            group.addTask { await consume() }
            group.addTask { await runner.drafts.run() }
            await processDeliveries()
            group.cancelAll()
        }
    }

    /// What happens to a message.
    private func process(_ delivery: Delivery) async {
        let claimed = await claim(delivery)
        intake.settle()
        guard let execution = claimed else { return }
        do {
            let finished = try await runner.run(execution)
            try await ledger.finish(finished)
            count(finished.document.state)
        } catch {
            await retry(execution, after: Fault(error))
        }
    }

    /// Consumes until the intake is closed and all that was taken from it is acknowledged.
    private func consume() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await source.run { intake.offer($0) } }
            await intake.waitUntilSettled()
            group.cancelAll()
        }
    }

    private func processDeliveries() async {
        await withTaskGroup(of: Void.self) { group in
            var running = 0
            while true {
                if running >= configuration.concurrency {
                    await group.next()
                    running -= 1
                }
                await waitUntilReady()
                guard let delivery = await intake.next() else { break }
                group.addTask { await process(delivery) }
                running += 1
            }
        }
    }

    private func waitUntilReady() async {
        await pool.waitUntilServiceable()
        await ledger.waitUntilResultsAreWritable()
    }

    /// Reads, claims and acknowledges a delivery; nil when there is nothing to run.
    private func claim(_ delivery: Delivery) async -> ClaimedExecution? {
        do {
            let request = RequestMessage(
                properties: delivery.properties,
                body: try delivery.completeBody()
            )
            let submission = try decoder.decode(request, level: delivery.level)
            let outcome = try await ledger.claim(
                Claim(
                    token: .random(),
                    worker: configuration.worker,
                    submission: submission,
                    request: request
                )
            )
            switch outcome {
            case .claimed(let attempt, let submittedAt, let startedAt):
                await delivery.acknowledge()
                return ClaimedExecution(
                    submission: submission,
                    request: request,
                    attempt: attempt,
                    submittedAt: submittedAt,
                    startedAt: startedAt
                )
            case .duplicate, .deferred:
                await delivery.acknowledge()
            case .conflict(let reason):
                await refuse(delivery, RequestRefusal(.idConflict, reason))
            }
        } catch let refusal as RequestRefusal {
            await refuse(delivery, refusal)
        } catch let error as StoreError where error.code == .unstorable {
            await refuse(delivery, RequestRefusal(.invalidRequest, error.message))
        } catch {
            logger.error(
                "A delivery could not be claimed and is left to the broker.",
                metadata: [
                    LogKey.queue: "\(delivery.queue)", LogKey.reason: "\(error)",
                ]
            )
        }
        return nil
    }

    /// Keeps a message with the reason why it is not run, then acknowledges it.
    private func refuse(_ delivery: Delivery, _ refusal: RequestRefusal) async {
        do {
            try await ledger.keep(DeadLetter(delivery, refusal))
            await delivery.acknowledge()
        } catch {
            logger.error(
                "A refused message could not be kept and is left to the broker.",
                metadata: [
                    LogKey.queue: "\(delivery.queue)", LogKey.reason: "\(error)",
                ]
            )
        }
    }

    private func retry(_ execution: ClaimedExecution, after fault: Fault) async {
        logger.warning(
            "An attempt failed through a fault of ours.",
            metadata: [
                LogKey.execution: "\(execution.submission.id.text)",
                LogKey.attempt: "\(execution.attempt)",
                LogKey.reason: "\(fault.reason.rawValue): \(fault.message)",
            ]
        )
        // A worker that is told to stop at once settles nothing: what it ran is taken over.
        if Task.isCancelled { return }
        if fault.reason == .resultsUnwritable { await ledger.suspectResults() }
        do throws(StoreError) {
            try await settle(execution, after: fault)
        } catch {
            logger.error(
                "The end of an attempt could not be written.",
                metadata: [
                    LogKey.execution: "\(execution.submission.id.text)",
                    LogKey.reason: "\(error.message)",
                ]
            )
        }
    }

    /// Schedules the next attempt, or ends the execution after the last.
    private func settle(
        _ execution: ClaimedExecution,
        after fault: Fault
    ) async throws(StoreError) {
        guard execution.attempt < configuration.maximumAttempts else {
            try await ledger.finish(runner.end(execution, as: Outcome(.errored, fault.reason)))
            count(.errored)
            return
        }
        var backoff = Backoff(
            first: .milliseconds(500 << min(execution.attempt, 8)),
            limit: .seconds(120)
        )
        try await ledger.retry(
            FailedAttempt(
                id: execution.submission.id,
                attempt: execution.attempt,
                worker: configuration.worker,
                reason: fault.reason,
                delay: backoff.next()
            )
        )
    }

    private func count(_ state: ExecutionState) {
        Counter(label: "sandmill_executions_finished", dimensions: [("state", state.rawValue)])
            .increment()
    }
}

extension Delivery {
    fileprivate func completeBody() throws(RequestRefusal) -> [UInt8] {
        switch body {
        case .complete(let bytes): return bytes
        case .oversized(_, let size, _):
            throw RequestRefusal(
                .tooLarge,
                at: "",
                "\(size.bytes) bytes are more than a request may have"
            )
        }
    }
}

extension DeadLetter {
    fileprivate init(_ delivery: Delivery, _ refusal: RequestRefusal) {
        self.init(
            errorType: refusal.kind.rawValue,
            reason: refusal.reason,
            queue: delivery.queue,
            routingKey: "\(delivery.pool).\(delivery.level.rawValue)",
            deliveries: delivery.deliveries,
            properties: delivery.properties,
            body: delivery.body
        )
    }
}
