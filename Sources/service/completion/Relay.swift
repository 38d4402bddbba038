public import Logging
public import ServiceLifecycle

/// Publishes what transactions put into the outbox, and removes what the broker confirmed.
///
/// Rows that this worker wrote come by ``send(_:)`` the moment they are committed, leased to it.
/// Every second the relay looks for rows that are due and leased by nobody: retries, deferred
/// requests, what a dead worker left. It also finds those that are leased to this worker without its
/// knowing: the answer to a commit was lost, or they did not fit into its own bounded buffer.
///
/// What the broker never takes is set aside, and what it rejects is sent again ever later.
public actor Relay: Service {
    private static let group = 256
    private static let bufferLimit = 4_096
    /// In bytes of bodies.
    private static let bufferSize = 32 << 20
    private static let hintLimit = 256
    /// After so many rejections, some eight hours, an event becomes a dead letter: each time that it is
    /// sent again, all others who want it get it once more.
    private static let rejectionLimit = 100

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
    /// The rows that this relay has, from their coming until they are removed or given back.
    private var held: Set<Int64> = []

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
    /// Rows beyond its buffer are left to a later sweep.
    func send(_ rows: [OutboxMessage]) {
        let size = rows.size
        guard waiting.count + rows.count <= Self.bufferLimit,
            waiting.isEmpty || waitingSize + size <= Self.bufferSize
        else { return }
        waiting += rows
        waitingSize += size
        held.formUnion(rows.lazy.map(\.id))
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
        }
        // A sweep that was in its course has handed over what it leased.
        await publishWaiting()
        await removePublished()
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
        var unconfirmed: [(row: OutboxMessage, reason: String)] = []
        var rejected: [(row: OutboxMessage, reason: String)] = []
        var refused: [(row: OutboxMessage, reason: String)] = []
        for (row, outcome) in zip(rows, outcomes) {
            switch outcome {
            case .confirmed, .unroutable: published.append(row.id)
            case .unconfirmed(let reason): unconfirmed.append((row, reason))
            case .rejected(let reason): rejected.append((row, reason))
            case .refused(let reason): refused.append((row, reason))
            }
        }
        await removePublished()
        await settle(unconfirmed, "Messages were not confirmed and will be sent again.") {
            rows throws(StoreError) in
            try await outbox.release(rows.map(\.row.id), by: worker)
        }
        await settle(rejected, "The broker rejected messages, which will be sent again later.") {
            rows throws(StoreError) in
            let rejections = try await outbox.postpone(rows.map(\.row.id), by: worker)
            refused += rows.filter {
                $0.row.message.exchange != .submit
                    && rejections[$0.row.id] ?? 0 >= Self.rejectionLimit
            }
        }
        await settle(refused, "The broker refuses messages, which are set aside.") {
            rows throws(StoreError) in
            try await outbox.setAside(rows)
        }
    }

    /// Has the outbox know what became of messages that were not published; if it cannot, they stay
    /// leased for some seconds, and are sent again.
    private func settle(
        _ rows: [(row: OutboxMessage, reason: String)],
        _ message: Logger.Message,
        _ tell: ([(row: OutboxMessage, reason: String)]) async throws(StoreError) -> Void
    ) async {
        guard let first = rows.first else { return }
        held.subtract(rows.lazy.map(\.row.id))
        logger.warning(
            message,
            metadata: [
                LogKey.count: "\(rows.count)", LogKey.reason: "\(first.reason)",
                "message": "\(first.row.message.properties.messageID ?? "")",
                // Who takes none of it is bound by one of these, or is the queue of that name.
                "routing_keys": "\(Set(rows.map(\.row.message.routingKey)).sorted().prefix(8))",
            ]
        )
        do throws(StoreError) {
            try await tell(rows)
        } catch {
            logger.warning(
                "Messages that were not published stay leased for a while.",
                metadata: [LogKey.count: "\(rows.count)", LogKey.reason: "\(error.message)"]
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
            held.subtract(ids)
        } catch {
            // Beyond the limit they are sent again, with the same ids.
            let rest = ids + published
            published = Array(rest.prefix(Self.bufferLimit))
            held.subtract(rest.dropFirst(Self.bufferLimit))
            logger.warning(
                "Published messages are still in the outbox.",
                metadata: [
                    LogKey.count: "\(ids.count)", LogKey.reason: "\(error.message)",
                ]
            )
        }
    }

    private func sweepEverySecond() async {
        let clock = clock
        while (try? await cancelWhenGracefulShutdown { try await clock.sleep(for: .seconds(1)) })
            != nil
        {
            await removePublished()
            do throws(StoreError) {
                while waiting.count < Self.bufferLimit / 2, waitingSize < Self.bufferSize / 2 {
                    let rows = try await outbox.lease(
                        by: worker,
                        holding: held,
                        limit: Self.group
                    )
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
