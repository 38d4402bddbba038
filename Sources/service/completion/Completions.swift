internal import Backoff
public import FoundationEssentials
public import Logging
internal import SandmillEntity
public import ServiceLifecycle

/// Waits for the ends of executions, which are pushed to a queue of its own.
///
/// One subscription serves all who wait: its queue is put into the requests' `reply_to`. While the
/// broker is away, and for requests that named another queue, as those from before a reconnection,
/// the record store is asked once a second; otherwise it is never asked.
public actor Completions: Service {
    private static let lookUpInterval: Duration = .seconds(1)
    private static let lookUpSize = 256

    private let source: any EventSource
    private let records: any ExecutionRecords
    private let clock: any Clock<Duration>
    private let logger: Logger
    private var board = CompletionWaiters()

    /// Describes a subscription; it works while ``run()`` does.
    public init(
        source: any EventSource,
        records: any ExecutionRecords,
        clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger
    ) {
        self.source = source
        self.records = records
        self.clock = clock
        self.logger = logger
    }

    /// Whether ends are pushed now.
    public var isSubscribed: Bool { board.queue != nil }

    /// How many wait.
    public var waiterCount: Int { board.count }

    /// Receives ends until a graceful shutdown; reconnects by itself, for ever.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.lookUpUnpushed() }
                group.addTask { await self.receive() }
            }
        }
    }

    /// Submits an execution and waits for its end.
    ///
    /// - Parameters:
    ///   - execution: Its id.
    ///   - limit: How long it waits, once it is submitted.
    ///   - submit: Submits it, with that queue as `reply_to`; returns whether the queue is named in
    ///     the request that will be run, which it is not where that was submitted before.
    /// - Returns: The end; nil when it did not come in time, or when the task was cancelled.
    /// - Throws: What `submit` throws.
    public func end(
        of execution: UUID,
        within limit: Duration,
        submit: @Sendable (_ replyTo: String?) async throws -> Bool
    ) async throws -> CompletedExecution? {
        let place = board.takePlace(for: execution)
        defer { board.giveUp(place) }
        if try await !submit(board.queue) { board.expectNoPush(to: place) }
        if board.unpushed.contains(execution) { await lookUp([execution]) }
        return await end(at: place, within: limit)
    }

    private func end(
        at place: CompletionWaiters.Place,
        within limit: Duration
    ) async -> CompletedExecution? {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // Ends early, too, when the task is cancelled.
                try? await self.clock.sleep(for: limit)
                await self.giveUp(place)
            }
            let end = await withCheckedContinuation { board.wait(at: place, $0) }
            group.cancelAll()
            return end
        }
    }

    private func giveUp(_ place: CompletionWaiters.Place) {
        board.giveUp(place)
    }

    private func receive() async {
        var backoff = Backoff(initial: .milliseconds(100), maximum: .seconds(5))
        while !Task.isCancelled {
            do {
                try await source.withSubscription(to: []) { subscription in
                    await self.use(subscription.replyTo)
                    for try await message in subscription.events { await self.receive(message) }
                }
                backoff.reset()
            } catch {
                if board.queue != nil { backoff.reset() }
                logger.warning(
                    "The ends of executions are not pushed.",
                    metadata: [LogKey.reason: "\((error as? BrokerError)?.message ?? "\(error)")"]
                )
            }
            board.queue = nil
            try? await clock.sleep(for: backoff.next())
        }
    }

    private func use(_ queue: String) {
        board.queue = queue
        logger.info("The ends of executions are pushed.", metadata: [LogKey.queue: "\(queue)"])
    }

    private func receive(_ message: EventMessage) {
        guard let document = EventData.bytes(of: message.body),
            let id = try? RecordedResult(document: document).id, board.wants(id)
        else { return }
        board.tell(CompletedExecution(id: id, document: String(decoding: document, as: UTF8.self)))
    }

    private func lookUpUnpushed() async {
        while (try? await clock.sleep(for: Self.lookUpInterval)) != nil {
            await lookUp(board.unpushed.shuffled().prefix(Self.lookUpSize))
        }
    }

    private func lookUp(_ executions: some Sequence<UUID>) async {
        for id in executions {
            let record = try? await records.execution(id)
            guard let document = record?.result else { continue }
            board.tell(CompletedExecution(id: id, document: document))
        }
    }
}
