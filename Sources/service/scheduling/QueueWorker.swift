internal import Backoff
internal import FoundationEssentials
public import Logging
public import SandmillEntity
public import ServiceLifecycle
internal import Synchronization

/// Turns the requests of one pool into records, results and events.
///
/// What happens to a message is ``process(_:)``. An execution that comes is held, to be run next, or
/// waits in the store (``ExecutionSlots``), from where it is taken when it is its lane's turn. The worker
/// takes in nothing while no sandbox can be started or results cannot be written.
public struct QueueWorker: Service {
    /// How a worker works.
    public struct Configuration: Sendable {
        /// Who it is.
        public var worker: String
        /// What the installation is called in events.
        public var cluster: String
        /// The longest body of a request, also where it came compressed.
        public var maximumBody: ByteCount
        /// How many deliveries of one level the source may have unacknowledged.
        public var prefetch: Int
        /// The most executions between their claim and their end.
        public var concurrency: Int
        /// When there is room for so many, what waits in the store is looked at.
        public var refill: Int
        /// How many executions of a lane wait in the store whatever their size; beyond this and
        /// ``windowSize`` the broker keeps them.
        public var window: Int
        /// What the requests of a lane take that wait in the store, however many they are.
        public var windowSize: ByteCount
        /// How long a delivery waits for its claim before it is put there all the same; well below
        /// RabbitMQ's consumer timeout of half an hour, behind which all of them come again, each
        /// counted as delivered once more.
        public var patience: Duration
        /// After so many attempts a fault of ours ends an execution in `errored`.
        public var maximumAttempts: Int
        /// Whether a program that writes more than is kept is killed.
        public var killsOnExcessOutput: Bool
        /// Who may publish what.
        public var publishers: PublisherPolicy

        /// Puts a configuration together.
        public init(
            worker: String,
            cluster: String,
            maximumBody: ByteCount = .mebibytes(8),
            prefetch: Int,
            concurrency: Int,
            refill: Int,
            window: Int,
            windowSize: ByteCount,
            patience: Duration = .seconds(600),
            maximumAttempts: Int,
            killsOnExcessOutput: Bool,
            publishers: PublisherPolicy = PublisherPolicy()
        ) {
            self.worker = worker
            self.cluster = cluster
            self.maximumBody = maximumBody
            self.prefetch = prefetch
            self.concurrency = concurrency
            self.refill = refill
            self.window = window
            self.windowSize = windowSize
            self.patience = patience
            self.maximumAttempts = maximumAttempts
            self.killsOnExcessOutput = killsOnExcessOutput
            self.publishers = publishers
        }
    }

    let configuration: Configuration
    let decoder: SubmissionDecoder
    private let source: any MessageSource
    let lease: WorkerLease
    let ledger: ExecutionLedger
    let pool: WarmPool
    let attempts: AttemptRunner
    let clock: any Clock<Duration>
    let logger: Logger
    let intake: DeliveryBuffer
    let places: ExecutionSlots
    let telemetry: ExecutionTelemetry
    /// What a gateway in this process hands over; see ``take(_:by:)``.
    let direct: AsyncStream<Handover<DirectRequest>>
    let queueDirect: AsyncStream<Handover<DirectRequest>>.Continuation

    /// Describes a worker for the pool that `decoder` reads requests for.
    public init(
        _ configuration: Configuration,
        decoder: SubmissionDecoder,
        source: any MessageSource,
        lease: WorkerLease,
        ledger: ExecutionLedger,
        pool: WarmPool,
        results: any ResultsStore,
        running: RunningExecutions,
        tracer: Tracer? = nil,
        clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger
    ) {
        self.configuration = configuration
        self.decoder = decoder
        self.source = source
        self.lease = lease
        self.ledger = ledger
        self.pool = pool
        self.clock = clock
        self.logger = logger
        places = ExecutionSlots(
            limit: configuration.concurrency,
            refill: configuration.refill,
            window: configuration.window,
            windowSize: configuration.windowSize
        )
        intake = DeliveryBuffer(
            prefetch: configuration.prefetch,
            patience: configuration.patience
        )
        ledger.deliveries.add { [intake] in intake.unacknowledged }
        (direct, queueDirect) = AsyncStream.makeStream()
        telemetry = ExecutionTelemetry(
            pool: decoder.pool.name,
            runtimes: decoder.pool.runtimes.map(\.name),
            tracer: tracer
        )
        attempts = AttemptRunner(
            worker: configuration.worker,
            maximumAttempts: configuration.maximumAttempts,
            killsOnExcessOutput: configuration.killsOnExcessOutput,
            pool: pool,
            results: results,
            ledger: ledger,
            completionEvents: CompletionEventFactory(cluster: configuration.cluster),
            drafts: LiveOutputStager(),
            running: running,
            telemetry: telemetry,
            logger: logger
        )
    }

    /// Works until a graceful shutdown, then finishes what it has claimed.
    public func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask {
                try? await gracefulShutdown()
                intake.close()
                places.close()
                queueDirect.finish()
            }
            group.addTask { await consume() }
            group.addTask { await attempts.drafts.run() }
            group.addTask { await countParked() }
            group.addTask { await parkOverdueDeliveries() }
            await withDiscardingTaskGroup { work in
                work.addTask { await takeParked() }
                work.addTask { await processDirect() }
                await processDeliveries()
            }
            group.cancelAll()
        }
    }

    /// Looks soon whether executions wait in the store, for somebody has put some there.
    func lookAtStoreSoon() {
        places.assumeParked()
    }

    /// What happens to a message.
    private func process(_ delivery: Handover<Delivery>, isOverdue: Bool = false) async {
        if let claimed = await claim(delivery, isOverdue: isOverdue) { await run(claimed) }
    }

    /// Takes in a delivery, of which nothing is kept.
    private func claim(_ inbound: Handover<Delivery>, isOverdue: Bool) async -> ClaimedExecution? {
        guard let delivery = inbound.take() else { return nil }
        defer { intake.settle(delivery) }
        return await claim(delivery, isOverdue: isOverdue)
    }

    /// What happens to an execution that is this worker's.
    func run(_ execution: ClaimedExecution) async {
        defer {
            ledger.held.letGo(execution.token)
            places.leave(execution.lane, size: execution.size)
        }
        await attempts.run(execution)
    }

    /// Consumes while the lease is held, until the intake is closed and all that was taken from it is
    /// acknowledged.
    private func consume() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await lease.whileHeld { await source.run { intake.offer($0) } } }
            await intake.waitUntilSettled()
            group.cancelAll()
        }
    }

    private func processDeliveries() async {
        await withDiscardingTaskGroup { group in
            while true {
                await waitUntilReady()
                guard let delivery = await intake.next(where: isOpen).map(Handover.init) else {
                    break
                }
                group.addTask { await process(delivery) }
            }
        }
    }

    /// Whether a delivery can be held or parked now.
    private func isOpen(_ delivery: Delivery) -> Bool {
        guard let properties = try? configuration.publishers.check(delivery.properties),
            let tenant = try? SubmissionDecoder.tenant(properties)
        else { return true }
        return places.isOpen(Lane(level: delivery.level, tenant: tenant))
    }

    /// Puts into the store what waits for too long, for a window that is full or while nothing can run.
    private func parkOverdueDeliveries() async {
        while (try? await clock.sleep(for: .seconds(1))) != nil {
            while let delivery = intake.takeOverdue() {
                await process(Handover(delivery), isOverdue: true)
            }
        }
    }

    func waitUntilReady() async {
        await pool.waitUntilServiceable()
        await ledger.resultsHealth.waitUntilWritable()
        if isDraining { await cancelWhenGracefulShutdown { await lease.waitWhileDraining() } }
    }

    /// Whether nothing more is to be taken.
    var isDraining: Bool { lease.isDraining }

    /// Reads, takes in and acknowledges a delivery; nil when there is nothing to run now.
    private func claim(_ original: Delivery, isOverdue: Bool) async -> ClaimedExecution? {
        var delivery = original
        let start = ContinuousClock.now
        telemetry.countReceived(delivery.level)
        do {
            delivery.properties = try configuration.publishers.check(delivery.properties)
            let body = try delivery.properties.decode(
                try delivery.body.complete(),
                limit: configuration.maximumBody
            )
            delivery.body = .complete(body)
            var request = RequestMessage(properties: delivery.properties, body: body)
            // It is for this tenant from here on, whoever publishes it again.
            request.properties.userID = nil
            let submission = try decoder.decode(request, level: delivery.level)
            let claim = Claim(
                token: .random(),
                worker: configuration.worker,
                submission: submission,
                request: request
            )
            let taken = try await takeIn(claim, isOverdue: isOverdue, by: ledger.claim)
            switch taken.outcome {
            case .claimed:
                await delivery.settlement.acknowledge()
                guard let execution = ClaimedExecution(taken) else { return nil }
                telemetry.trace(.claim, of: execution, since: start)
                return execution
            case .duplicate:
                telemetry.countDuplicate(delivery.level)
                await delivery.settlement.acknowledge()
            case .deferred, .parked, .queued, .taken:
                await delivery.settlement.acknowledge()
            case .conflict(let reason):
                await refuse(delivery, RequestRefusal(.idConflict, reason))
            }
        } catch let refusal as RequestRefusal {
            await refuse(delivery, refusal)
        } catch let error as StoreError where error.code == .unstorable {
            await refuse(delivery, RequestRefusal(.invalidRequest, error.message))
        } catch {
            logger.error(
                "A delivery could not be claimed and goes back to the broker.",
                metadata: [
                    LogKey.queue: "\(delivery.queue)", LogKey.reason: "\(error)",
                ]
            )
            await release(delivery)
        }
        return nil
    }

    /// What was taken in, under its own id or the one that its tenant has instead.
    struct TakenClaim {
        let claim: Claim
        let outcome: ClaimOutcome
        /// Whether it is the first of its lane beside those of others.
        let isFirst: Bool
    }

    /// Has an execution held or parked; its place is given up unless it is to be run now.
    ///
    /// `commit` makes the claim durable, and is told whether it is urgent.
    func takeIn(
        _ claim: Claim,
        isOverdue: Bool = false,
        by commit: (Claim, Bool) async throws(StoreError) -> ClaimOutcome
    ) async throws(StoreError) -> TakenClaim {
        let lane = Lane(of: claim)
        let size = claim.request.body.count
        let (intent, isFirst) = isOverdue ? (.park, false) : places.admit(lane, size: size)
        var claim = claim
        claim.intent = intent
        var isOurs = false
        ledger.held.hold(claim.token)
        defer {
            if !isOurs {
                ledger.held.letGo(claim.token)
                if intent == .run { places.leave(lane, size: size) }
            }
        }
        let outcome = try await commit(claim, isFirst)
        switch outcome {
        case .claimed: isOurs = true
        case .parked: places.recordParked(lane, size: ByteCount(size))
        case .duplicate, .deferred, .queued, .taken, .conflict: break
        }
        guard case .taken(let other) = outcome else {
            return TakenClaim(claim: claim, outcome: outcome, isFirst: isFirst)
        }
        return try await takeIn(other, isOverdue: isOverdue, by: commit)
    }

    /// Keeps a message with the reason why it is not run, then acknowledges it.
    private func refuse(_ delivery: Delivery, _ refusal: RequestRefusal) async {
        do {
            let letter = DeadLetter(delivery, refused: refusal)
            try await ledger.keep(configuration.publishers.addressed(letter))
            await delivery.settlement.acknowledge()
        } catch {
            logger.error(
                "A refused message could not be kept and goes back to the broker.",
                metadata: [
                    LogKey.queue: "\(delivery.queue)", LogKey.reason: "\(error)",
                ]
            )
            await release(delivery)
        }
    }

    private func release(_ delivery: Delivery) async {
        await delivery.settlement.releaseLater(deliveries: delivery.deliveries, clock: clock)
    }
}

/// What holds a body on its way to its claim, where it is taken out: the task that then runs the program
/// would hold the body to the end.
final class Handover<Value: Sendable>: Sendable {
    private let value: Mutex<Value?>

    init(_ value: Value) {
        self.value = Mutex(value)
    }

    func take() -> Value? { value.withLock { $0.take() } }
}

extension Lane {
    /// The lane of what is claimed.
    init(of claim: Claim) {
        self.init(level: claim.submission.level, tenant: claim.submission.tenant)
    }
}

extension ClaimedExecution {
    /// What was taken in and is to be run; nil where it is not.
    init?(_ taken: QueueWorker.TakenClaim) {
        guard case .claimed(let grant) = taken.outcome else { return nil }
        self.init(
            submission: taken.claim.submission,
            request: taken.claim.request,
            token: taken.claim.token,
            grant: grant,
            isPrompt: taken.isFirst
        )
    }
}
