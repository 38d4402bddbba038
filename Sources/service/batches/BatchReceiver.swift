internal import Backoff
public import Logging
public import SandmillEntity
public import ServiceLifecycle

/// Takes in the batches that come as one message each.
///
/// Their members wait in the store; the workers take them from there.
public struct BatchReceiver: Service {
    private let source: any MessageSource
    private let admissions: Admissions
    private let ledger: ExecutionLedger
    private let workers: [String: QueueWorker]
    private let lease: WorkerLease
    private let publishers: PublisherPolicy
    private let maximumBody: ByteCount
    private let clock: any Clock<Duration>
    private let logger: Logger

    /// Describes an intake.
    ///
    /// - Parameters:
    ///   - source: Where they come from.
    ///   - admissions: Takes them in.
    ///   - ledger: Keeps those that are refused; it has to outlive the intake.
    ///   - workers: This process's, by the names of their pools.
    ///   - lease: While it is not held, nothing is consumed.
    ///   - publishers: Who may publish what.
    ///   - maximumBody: The longest body, also where it came compressed.
    ///   - clock: What it waits with before it tries again.
    ///   - logger: Told what could not be taken in.
    public init(
        source: any MessageSource,
        admissions: Admissions,
        ledger: ExecutionLedger,
        workers: [String: QueueWorker],
        lease: WorkerLease,
        publishers: PublisherPolicy = PublisherPolicy(),
        maximumBody: ByteCount = .mebibytes(8),
        clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger
    ) {
        self.source = source
        self.admissions = admissions
        self.ledger = ledger
        self.workers = workers
        self.lease = lease
        self.publishers = publishers
        self.maximumBody = maximumBody
        self.clock = clock
        self.logger = logger
    }

    /// Takes batches in until a graceful shutdown; what is not acknowledged by then the broker has.
    public func run() async throws {
        let inbox = Inbox()
        await withDiscardingTaskGroup { group in
            group.addTask {
                try? await gracefulShutdown()
                inbox.close()
            }
            group.addTask { await lease.whileHeld { await source.run { inbox.offer($0) } } }
            while let batch = await inbox.next() {
                guard await !process(batch) else { continue }
                group.addTask {
                    await batch.settlement.releaseLater(deliveries: batch.deliveries, clock: clock)
                }
            }
            group.cancelAll()
        }
    }

    /// What happens to a batch.
    ///
    /// - Returns: Whether that is all; otherwise it goes back, until its queue gives it up.
    private func process(_ original: Delivery) async -> Bool {
        var delivery = original
        do {
            delivery.properties = try publishers.check(delivery.properties)
            let body = try delivery.properties.decode(
                try delivery.body.complete(),
                limit: maximumBody
            )
            delivery.body = .complete(body)
            let message = RequestMessage(properties: delivery.properties, body: body)
            guard let batch = try await admit(message, of: delivery) else { return true }
            await delivery.settlement.acknowledge()
            workers[batch.pool]?.lookAtStoreSoon()
            return true
        } catch let refusal as RequestRefusal {
            return await refuse(delivery, refusal)
        } catch let error as StoreError where error.code == .unstorable {
            return await refuse(delivery, RequestRefusal(.invalidRequest, error.message))
        } catch {
            report(error, about: delivery)
            return false
        }
    }

    /// Takes a batch in; a store that cannot be reached is waited for, until the broker has the batch back.
    ///
    /// - Returns: The batch; nil where there is nothing to acknowledge any more.
    private func admit(
        _ message: RequestMessage,
        of delivery: Delivery
    ) async throws -> AdmittedBatch? {
        var backoff = Backoff(maximum: .seconds(30))
        while !delivery.settlement.isStale() {
            do {
                return try await admissions.submit(batch: message, from: delivery.queue)
            } catch let error as StoreError where error.isRetryable {
                logger.warning(
                    "A batch could not be taken in yet.",
                    metadata: [
                        LogKey.queue: "\(delivery.queue)", LogKey.reason: "\(error.message)",
                    ]
                )
                if Task.isShuttingDownGracefully || Task.isCancelled { throw error }
                let wait = backoff.next()
                try? await cancelWhenGracefulShutdown { try await clock.sleep(for: wait) }
            }
        }
        return nil
    }

    private func refuse(_ delivery: Delivery, _ refusal: RequestRefusal) async -> Bool {
        do throws(StoreError) {
            let letter = DeadLetter(delivery, refused: refusal)
            try await ledger.keep(publishers.addressed(letter))
            await delivery.settlement.acknowledge()
            return true
        } catch {
            report(error, about: delivery)
            return false
        }
    }

    private func report(_ error: any Error, about delivery: Delivery) {
        logger.error(
            "A batch could not be taken in and goes back to the broker.",
            metadata: [LogKey.queue: "\(delivery.queue)", LogKey.reason: "\(error)"]
        )
    }
}

extension Delivery.Body {
    /// All of it; refuses one that is larger than is read.
    func complete() throws(RequestRefusal) -> [UInt8] {
        switch self {
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
