public import Logging
public import ServiceLifecycle

/// Publishes what transactions put into the outbox, and removes what the broker confirmed.
///
/// Rows that this worker wrote come by ``send(_:)`` the moment they are committed, leased to it.
/// Every second the relay looks for rows that are due and leased by nobody: retries, deferred
/// requests, what a dead worker left, and what did not fit into its own bounded buffer.
public actor Relay: Service {
    private static let group = 256
    private static let bufferLimit = 4_096
    /// In bytes of bodies.
    private static let bufferSize = 128 << 20
    private static let hintLimit = 256

    private let worker: String
    private let outbox: any Outbox
    private let publisher: any MessagePublisher
    private let clock: any Clock<Duration>
    private let logger: Logger
    private let arrivals: AsyncStream<Void>
    private let arrival: AsyncStream<Void>.Continuation
    private var waiting: [OutboxMessage] = []
    private var waitingSize = 0
    private var hints: [OutboundMessage] = []
    private var published: [Int64] = []

    /// Describes a relay; it works while ``run()`` does.
    public init(
        worker: String,
        outbox: any Outbox,
        publisher: any MessagePublisher,
        clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger
    ) {
        self.worker = worker
        self.outbox = outbox
        self.publisher = publisher
        self.clock = clock
        self.logger = logger
        (arrivals, arrival) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Takes rows that are committed and leased to this worker.
    ///
    /// Rows beyond its buffer are left to a later sweep, once their lease has ended.
    func send(_ rows: [OutboxMessage]) {
        let size = rows.size
        guard waiting.count + rows.count <= Self.bufferLimit,
            waiting.isEmpty || waitingSize + size <= Self.bufferSize
        else { return }
        waiting += rows
        waitingSize += size
        arrival.yield()
    }

    /// Takes a hint to other workers, which is published once if it can be now.
    func hint(_ hint: ControlMessage) {
        guard hints.count < Self.hintLimit else { return }
        hints.append(hint.outboundMessage)
        arrival.yield()
    }

    /// Publishes until a graceful shutdown, then what is waiting by then.
    public func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.sweepEverySecond() }
            group.addTask {
                try? await gracefulShutdown()
                self.arrival.finish()
            }
            for await _ in arrivals { await publishWaiting() }
            await publishWaiting()
            await removePublished()
            group.cancelAll()
        }
    }

    private func publishWaiting() async {
        if !hints.isEmpty {
            let published = hints
            hints = []
            _ = await publisher.publish(published)
        }
        while !waiting.isEmpty {
            let rows = Array(waiting.prefix(Self.group))
            waiting.removeFirst(rows.count)
            waitingSize -= rows.size
            await publish(rows)
        }
    }

    private func publish(_ rows: [OutboxMessage]) async {
        let outcomes = await publisher.publish(rows.map(\.message))
        var unconfirmed: [Int64] = []
        var why: String?
        for (row, outcome) in zip(rows, outcomes) {
            switch outcome {
            case .confirmed, .unroutable:
                published.append(row.id)
            case .unconfirmed(let reason):
                unconfirmed.append(row.id)
                why = why ?? reason
            }
        }
        await removePublished()
        if let why { await release(unconfirmed, because: why) }
    }

    /// Gives back what was not confirmed, so that it is sent again before its lease has ended.
    private func release(_ ids: [Int64], because reason: String) async {
        logger.warning(
            "Messages were not confirmed and will be sent again.",
            metadata: [LogKey.count: "\(ids.count)", LogKey.reason: "\(reason)"]
        )
        do throws(StoreError) {
            try await outbox.release(ids, by: worker)
        } catch {
            logger.warning(
                "Messages that were not confirmed stay leased for a while.",
                metadata: [LogKey.count: "\(ids.count)", LogKey.reason: "\(error.message)"]
            )
        }
    }

    /// Removes what was published, with what could not be removed before.
    private func removePublished() async {
        guard !published.isEmpty else { return }
        let ids = published
        published = []
        do throws(StoreError) {
            try await outbox.remove(ids)
        } catch {
            // Beyond the limit they are sent again, with the same ids, once their lease has ended.
            published = Array((ids + published).prefix(Self.bufferLimit))
            logger.warning(
                "Published messages are still in the outbox.",
                metadata: [
                    LogKey.count: "\(ids.count)", LogKey.reason: "\(error.message)",
                ]
            )
        }
    }

    private func sweepEverySecond() async {
        while (try? await clock.sleep(for: .seconds(1))) != nil {
            await removePublished()
            do throws(StoreError) {
                while waiting.count < Self.bufferLimit / 2, waitingSize < Self.bufferSize / 2 {
                    let rows = try await outbox.lease(by: worker, limit: Self.group)
                    send(rows)
                    if rows.isEmpty { break }
                }
            } catch {
                logger.warning(
                    "The outbox could not be read.",
                    metadata: [LogKey.reason: "\(error.message)"]
                )
            }
        }
    }
}

extension [OutboxMessage] {
    /// The bytes of all bodies.
    fileprivate var size: Int { reduce(0) { $0 + $1.message.body.count } }
}
