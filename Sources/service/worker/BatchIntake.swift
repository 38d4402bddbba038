public import Logging
internal import SandmillEntity
public import ServiceLifecycle

/// Takes in the batches that come as one message each.
///
/// Their members wait in the store; the workers take them from there.
public struct BatchIntake: Service {
    private let source: any BatchSource
    private let admissions: Admissions
    private let ledger: ExecutionLedger
    private let workers: [String: QueueWorker]
    private let logger: Logger

    /// Describes an intake.
    ///
    /// - Parameters:
    ///   - source: Where they come from.
    ///   - admissions: Takes them in.
    ///   - ledger: Keeps those that are refused; it has to outlive the intake.
    ///   - workers: This process's, by the names of their pools.
    ///   - logger: Told what could not be taken in.
    public init(
        source: any BatchSource,
        admissions: Admissions,
        ledger: ExecutionLedger,
        workers: [String: QueueWorker],
        logger: Logger
    ) {
        self.source = source
        self.admissions = admissions
        self.ledger = ledger
        self.workers = workers
        self.logger = logger
    }

    /// Takes batches in until a graceful shutdown; what is not acknowledged by then the broker has.
    public func run() async throws {
        let (batches, continuation) = AsyncStream<BatchDelivery>.makeStream()
        await withDiscardingTaskGroup { group in
            group.addTask {
                await cancelWhenGracefulShutdown { await source.run { continuation.yield($0) } }
                continuation.finish()
            }
            for await batch in batches { await process(batch) }
        }
    }

    /// What happens to a batch.
    private func process(_ delivery: BatchDelivery) async {
        do {
            let message = RequestMessage(
                properties: delivery.properties,
                body: try delivery.body.complete()
            )
            let batch = try await admit(message, from: delivery.queue)
            await delivery.acknowledge()
            workers[batch.pool]?.lookAtStoreSoon()
        } catch let refusal as RequestRefusal {
            await refuse(delivery, refusal)
        } catch let error as StoreError where error.code == .unstorable {
            await refuse(delivery, RequestRefusal(.invalidRequest, error.message))
        } catch {
            report(error, about: delivery)
        }
    }

    /// Takes a batch in; a store that cannot be reached is waited for.
    private func admit(_ message: RequestMessage, from queue: String) async throws -> AdmittedBatch
    {
        var backoff = Backoff(limit: .seconds(30))
        while true {
            do {
                return try await admissions.submit(batch: message, from: queue)
            } catch let error as StoreError where error.code != .unstorable {
                logger.warning(
                    "A batch could not be taken in yet.",
                    metadata: [LogKey.queue: "\(queue)", LogKey.reason: "\(error.message)"]
                )
                if Task.isShuttingDownGracefully || Task.isCancelled { throw error }
                let wait = backoff.next()
                try? await cancelWhenGracefulShutdown {
                    try await ContinuousClock().sleep(for: wait)
                }
            }
        }
    }

    private func refuse(_ delivery: BatchDelivery, _ refusal: RequestRefusal) async {
        let letter = DeadLetter(
            errorType: refusal.kind.rawValue,
            reason: refusal.reason,
            queue: delivery.queue,
            routingKey: BatchMessage.routingKey,
            deliveries: delivery.deliveries,
            properties: delivery.properties,
            body: delivery.body
        )
        do throws(StoreError) {
            try await ledger.keep(letter)
            await delivery.acknowledge()
        } catch {
            report(error, about: delivery)
        }
    }

    private func report(_ error: any Error, about delivery: BatchDelivery) {
        logger.error(
            "A batch could not be taken in and is left to the broker.",
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
