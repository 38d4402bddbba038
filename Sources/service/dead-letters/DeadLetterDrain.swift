internal import Backoff
public import Logging
internal import SandmillEntity
public import ServiceLifecycle

/// Moves what no queue wanted, and what the broker gave up, into the record store, where a person
/// finds it with its reason.
public struct DeadLetterDrain: Service {
    /// The most dead letters that are being kept at once.
    private static let concurrency = 64

    private let source: any MessageSource
    private let ledger: ExecutionLedger
    private let lease: WorkerLease
    private let publishers: PublisherPolicy
    private let clock: any Clock<Duration>
    private let logger: Logger

    /// Describes a drain; the ledger has to outlive it.
    ///
    /// - Parameters:
    ///   - source: Where they come from.
    ///   - ledger: Keeps them.
    ///   - lease: While it is not held, nothing is consumed.
    ///   - publishers: Who may publish what.
    ///   - clock: What it waits with before it tries again.
    ///   - logger: Told what could not be kept.
    public init(
        source: any MessageSource,
        ledger: ExecutionLedger,
        lease: WorkerLease,
        publishers: PublisherPolicy = PublisherPolicy(),
        clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger
    ) {
        self.source = source
        self.ledger = ledger
        self.lease = lease
        self.publishers = publishers
        self.clock = clock
        self.logger = logger
    }

    /// Drains until a graceful shutdown, and then keeps what it has begun to keep; the rest the broker
    /// still has.
    public func run() async throws {
        let inbox = Inbox()
        await withDiscardingTaskGroup { group in
            group.addTask {
                try? await gracefulShutdown()
                inbox.close()
            }
            group.addTask { await lease.whileHeld { await source.run { inbox.offer($0) } } }
            await keepAll(of: inbox)
            group.cancelAll()
        }
    }

    private func keepAll(of inbox: Inbox) async {
        await withTaskGroup(of: Void.self) { group in
            var count = 0
            while let delivery = await inbox.next() {
                if count == Self.concurrency {
                    await group.next()
                } else {
                    count += 1
                }
                group.addTask { await keep(delivery) }
            }
        }
    }

    /// Keeps a dead letter, or tries again for as long as the broker leaves it here.
    ///
    /// It is not released: its queue has nowhere to send what it has delivered too often, and RabbitMQ 4
    /// drops that.
    private func keep(_ delivery: Delivery) async {
        let letter = publishers.addressed(DeadLetter(undeliverable: delivery))
        var backoff = Backoff(initial: .seconds(1), maximum: .seconds(30))
        while !delivery.settlement.isStale() {
            do throws(StoreError) {
                try await ledger.keep(letter)
                await delivery.settlement.acknowledge()
                return
            } catch {
                logger.error(
                    "A dead letter could not be kept yet and stays with the broker.",
                    metadata: [
                        LogKey.queue: "\(letter.queue)",
                        LogKey.reason: "\(error.message)",
                    ]
                )
                if Task.isShuttingDownGracefully || Task.isCancelled { return }
                let wait = backoff.next()
                try? await cancelWhenGracefulShutdown { try await clock.sleep(for: wait) }
            }
        }
    }
}
