public import Logging
public import ServiceLifecycle

/// Moves what no queue wanted, and what the broker gave up, into the record store, where a person
/// finds it with its reason.
public struct DeadLetterDrain: Service {
    private let source: any UndeliverableSource
    private let ledger: ExecutionLedger
    private let logger: Logger

    /// Describes a drain; the ledger has to outlive it.
    public init(source: any UndeliverableSource, ledger: ExecutionLedger, logger: Logger) {
        self.source = source
        self.ledger = ledger
        self.logger = logger
    }

    /// Drains until a graceful shutdown; what is not kept by then the broker still has.
    public func run() async throws {
        let (messages, continuation) = AsyncStream<UndeliverableMessage>.makeStream()
        await withDiscardingTaskGroup { group in
            group.addTask {
                await cancelWhenGracefulShutdown { await source.run { continuation.yield($0) } }
                continuation.finish()
            }
            for await message in messages {
                group.addTask { await keep(message) }
            }
        }
    }

    private func keep(_ message: UndeliverableMessage) async {
        do throws(StoreError) {
            try await ledger.keep(message.letter)
            await message.acknowledge()
        } catch {
            logger.error(
                "A dead letter could not be kept and is left to the broker.",
                metadata: [
                    LogKey.queue: "\(message.letter.queue)", LogKey.reason: "\(error.message)",
                ]
            )
        }
    }
}
