public import Foundation
internal import SandmillEntity
public import SandmillService

/// Waits for the end of a batch.
///
/// Its events tell of each member at once. The record is looked at when it begins, when the batch is
/// said to be completed, and every two seconds: so it is found what ended before, what was announced
/// while the connection was lost, and which members are dead letters.
public struct BatchWatch: Sendable {
    private static let lookInterval: Duration = .seconds(2)
    private static let pageSize = 256
    /// How long a batch may be unknown that is only asked for.
    private static let appearance: Duration = .seconds(10)

    private let batch: UUID?
    private let others: Set<UUID>
    private let tenant: String
    private let records: Records
    private let begin: ContinuousClock.Instant

    /// Describes a watch.
    ///
    /// - Parameters:
    ///   - batch: What is waited for; nil for `others` alone.
    ///   - others: Members of other batches that are waited for as well.
    ///   - tenant: Whose it is.
    ///   - records: Where its record is looked at.
    ///   - begin: When nothing of this run of the batch was there yet.
    public init(
        batch: UUID?,
        others: Set<UUID> = [],
        tenant: String,
        records: Records,
        begin: ContinuousClock.Instant
    ) {
        self.batch = batch
        self.others = others
        self.tenant = tenant
        self.records = records
        self.begin = begin
    }

    /// The topics by which its events come.
    public static func topics(pool: String, tenant: String) -> [String] {
        [
            EventTopic.execution("*", pool: pool, tenant: tenant),
            EventTopic.completedBatch(pool: pool, tenant: tenant),
        ]
    }

    /// Waits until the batch is complete, or the time is up.
    ///
    /// - Parameters:
    ///   - size: How many members it has, with the others, where that is known.
    ///   - subscription: Its events; nil to look at the record alone.
    ///   - timeout: When to give up; nil for never.
    ///   - tell: Told each end once, in the order in which they are learnt of.
    ///   - show: Told how far it is, with every event and every look.
    /// - Returns: What is known of it.
    /// - Throws: ``ClientError`` for a batch that was refused, or is not known; ``StoreError`` when
    ///   neither the record nor events can be had; what `tell` throws.
    public func follow(
        size: Int?,
        subscription: EventSubscription?,
        timeout: Duration?,
        tell: (FinishedEvent) throws -> Void,
        show: (BatchProgress) -> Void
    ) async throws -> BatchProgress {
        let (signals, continuation) = AsyncStream<Signal>.makeStream()
        var follower = Follower(
            watch: self,
            progress: BatchProgress(size: size),
            hasEvents: subscription != nil
        )
        return try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            if let subscription {
                group.addTask { await Self.receive(subscription, into: continuation) }
            }
            group.addTask { await Self.tick(into: continuation) }
            if let timeout {
                group.addTask {
                    try? await ContinuousClock().sleep(for: timeout)
                    continuation.yield(.timeout)
                }
            }
            for await signal in signals {
                switch signal {
                case .event(let message): try await follower.take(message, tell: tell)
                case .eventsLost: follower.hasEvents = false
                case .look: try await follower.look(tell: tell)
                case .timeout: return follower.progress
                }
                show(follower.progress)
                if follower.progress.isComplete { return follower.progress }
                if timeout == nil, follower.progress.size == nil,
                    begin.duration(to: .now) > Self.appearance
                {
                    throw ClientError(
                        .wrongInput,
                        "no batch with the id \(batch?.text ?? "") is known"
                    )
                }
            }
            return follower.progress
        }
    }

    fileprivate enum Signal: Sendable {
        case event(EventMessage)
        case eventsLost
        case look
        case timeout
    }

    private static func receive(
        _ subscription: EventSubscription,
        into signals: AsyncStream<Signal>.Continuation
    ) async {
        do {
            for try await message in subscription.events { signals.yield(.event(message)) }
        } catch {
            // What is announced from now on the record tells.
        }
        signals.yield(.eventsLost)
    }

    private static func tick(into signals: AsyncStream<Signal>.Continuation) async {
        repeat {
            signals.yield(.look)
        } while (try? await ContinuousClock().sleep(for: lookInterval)) != nil
    }

    /// What a watch has learnt so far.
    private struct Follower {
        let watch: BatchWatch
        var progress: BatchProgress
        /// Whether events come.
        var hasEvents: Bool
        /// Its members that are executions outside of it.
        private var shared: Set<UUID> = []
        /// Whether no event has come since the record was looked at.
        private var isQuiet = true

        init(watch: BatchWatch, progress: BatchProgress, hasEvents: Bool) {
            self.watch = watch
            self.progress = progress
            self.hasEvents = hasEvents
        }

        mutating func take(
            _ message: EventMessage,
            tell: (FinishedEvent) throws -> Void
        ) async throws {
            if let end = FinishedEvent(message),
                watch.waits(for: end.result) || shared.contains(end.result.id)
            {
                isQuiet = false
                try take(end, tell: tell)
            } else if let completion = CompletedBatch(message), completion.id == watch.batch {
                progress.size = completion.size + watch.others.count
                progress.refuse(count: completion.refused - shared.count)
                isQuiet = true
                try await look(tell: tell)
            }
        }

        private mutating func take(
            _ end: FinishedEvent,
            tell: (FinishedEvent) throws -> Void
        ) throws {
            if progress.end(end) { try tell(end) }
        }

        /// Looks at the record; a store that cannot be reached is no matter while events come.
        mutating func look(
            tell: (FinishedEvent) throws -> Void
        ) async throws {
            do {
                if isQuiet { try await readOthers(tell: tell) }
                guard let batch = watch.batch else {
                    isQuiet = true
                    return
                }
                let known = try await watch.records.executions.batch(batch)
                // Another tenant's tells nothing of ours.
                let record = known?.tenant == watch.tenant ? known : nil
                if let record {
                    progress.size = record.size + watch.others.count
                    if record.refused > progress.refusals.count + shared.count {
                        shared = try await watch.records.sharedMembers(of: batch)
                        try await readOthers(tell: tell)
                    }
                    progress.refuse(count: record.refused - shared.count)
                    let ended = record.size - record.pending - record.refused
                    let others = watch.others.union(shared)
                    let told = progress.ended.keys.count { !others.contains($0) }
                    if ended > told, isQuiet || record.finishedAt != nil {
                        try await readEnds(of: batch, tell: tell)
                    }
                }
                // Between events nobody is waited for in vain.
                if isQuiet || record?.refused ?? 0 > progress.refusals.count + shared.count {
                    try await readRefusals(of: batch, record)
                }
                isQuiet = true
            } catch let error as StoreError where error.isRetryable {
                guard hasEvents else { throw error }
            }
        }

        /// Reads how members of other batches ended of which that is not known yet.
        private mutating func readOthers(
            tell: (FinishedEvent) throws -> Void
        ) async throws {
            let missing = watch.others.union(shared).filter { progress.ended[$0] == nil }
            guard !missing.isEmpty else { return }
            for member in try await watch.records.results(of: Array(missing)) {
                guard let end = FinishedEvent(document: member.document) else { continue }
                try take(end, tell: tell)
            }
        }

        private mutating func readEnds(
            of batch: UUID,
            tell: (FinishedEvent) throws -> Void
        ) async throws {
            var last: UUID?
            while true {
                let page = try await watch.records.executions.results(
                    of: batch,
                    after: last,
                    limit: BatchWatch.pageSize
                )
                for member in page {
                    guard let end = FinishedEvent(document: member.document) else { continue }
                    try take(end, tell: tell)
                }
                guard let id = page.last?.id else { return }
                last = id
            }
        }

        private mutating func readRefusals(
            of batch: UUID,
            _ record: BatchRecord?
        ) async throws {
            let letters = try await watch.records.refusals(
                of: batch,
                tenant: watch.tenant,
                since: watch.age(of: record)
            )
            for letter in letters {
                guard let id = letter.messageID.flatMap(UUID.init(text:)) else { continue }
                if id == batch {
                    guard record == nil else { continue }
                    throw ClientError(refused: "the batch", letter)
                }
                progress.refuse(id, letter.reason)
            }
        }
    }

    /// Whether an end is one that is waited for.
    private func waits(for result: RecordedResult) -> Bool {
        batch != nil && result.batchID == batch || others.contains(result.id)
    }

    /// How long ago a dead letter of it may have been kept, with a minute for clocks that differ.
    private func age(of record: BatchRecord?) -> Duration {
        let watched = begin.duration(to: .now)
        guard let record else { return watched }
        let known = Duration.seconds(Date().timeIntervalSince(record.submittedAt) + 60)
        return max(watched, known)
    }
}

/// The event that a batch is completed.
private struct CompletedBatch {
    let id: UUID
    let size: Int
    let refused: Int

    init?(_ message: EventMessage) {
        guard message.routingKey.hasPrefix("batch.completed."),
            let event = try? JSONDecoder().decode(JSONValue.self, from: Data(message.body)),
            let id = event["data"]?["id"]?.string.flatMap(UUID.init(text:)),
            case .integer(let size)? = event["data"]?["size"]
        else { return nil }
        self.id = id
        self.size = Int(size)
        if case .integer(let refused)? = event["data"]?["refused"] {
            self.refused = Int(refused)
        } else {
            refused = 0
        }
    }
}
