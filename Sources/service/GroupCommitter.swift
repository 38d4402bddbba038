internal import SandmillEntity

/// Commits items in groups, without a timer.
///
/// While one group commits, the next gathers; whatever has come by then goes together. Alone, an
/// item waits for nothing; under load, hundreds share one transaction.
///
/// What a commit costs hardly depends on how many items share it. So while there is a backlog, and
/// time matters to nobody, a committer may linger to let more of them gather.
///
/// A group whose commit cannot be reached is tried again until it can, or for as long as somebody may be
/// kept waiting, or until ``run()`` is cancelled. A group that fails for good is halved until what cannot be stored stands alone, so
/// it fails no other.
public actor GroupCommitter<Item: Sendable, Outcome: Sendable> {
    /// Commits a group and returns one outcome an item, in the same order.
    public typealias Commit = @Sendable ([Item]) async throws(StoreError) -> [Outcome]

    private struct Entry: Sendable {
        let item: Item
        let continuation: CheckedContinuation<Result<Outcome, StoreError>, Never>
    }

    /// The most bytes of a group, but for a single item that is larger.
    private static var byteLimit: Int { 64 << 20 }

    private let limit: Int
    private let size: @Sendable (Item) -> Int
    private let linger: Duration
    private let patience: Duration?
    private let backlog: Backlog?
    private let clock: any Clock<Duration>
    private let commit: Commit
    private var gathered: [Entry] = []
    private var arrival: CheckedContinuation<Void, Never>?
    private var isFinished = false

    /// Describes a committer; it works while ``run()`` does.
    ///
    /// - Parameters:
    ///   - limit: The most items of a group.
    ///   - size: How many bytes an item takes, if they may be many.
    ///   - linger: How long a group gathers at least while there is a backlog.
    ///   - patience: For how long a commit that cannot be reached is tried again; nil for ever.
    ///   - backlog: What tells whether there is one; nil for never.
    ///   - clock: What it waits with before it tries again.
    ///   - commit: Commits a group.
    public init(
        limit: Int = 256,
        size: @escaping @Sendable (Item) -> Int = { _ in 0 },
        linger: Duration = .zero,
        patience: Duration? = nil,
        backlog: Backlog? = nil,
        clock: any Clock<Duration> = ContinuousClock(),
        commit: @escaping Commit
    ) {
        self.limit = limit
        self.size = size
        self.linger = linger
        self.patience = patience
        self.backlog = backlog
        self.clock = clock
        self.commit = commit
    }

    /// How many items wait for the next group.
    var waitingCount: Int { gathered.count }

    /// Hands an item over and waits for its outcome.
    public func submit(_ item: Item) async throws(StoreError) -> Outcome {
        guard !isFinished else { throw StoreError(.unavailable, "the worker has stopped") }
        let result = await withCheckedContinuation { continuation in
            gathered.append(Entry(item: item, continuation: continuation))
            arrival.take()?.resume()
        }
        return try result.get()
    }

    /// Lets ``run()`` return once everything that was handed over is settled.
    public func finish() {
        isFinished = true
        arrival.take()?.resume()
    }

    /// Commits groups until ``finish()`` was called, or fails what is left when cancelled.
    public func run() async {
        await withTaskCancellationHandler {
            while true {
                if gathered.isEmpty {
                    if isFinished { return }
                    await withCheckedContinuation { arrival = $0 }
                    // Whoever comes at the same moment comes along.
                    await Task.yield()
                } else {
                    await lingerInBacklog()
                    await settle(takeGroup())
                }
            }
        } onCancel: {
            // Not awaited: it only wakes the loop above, which then ends with what is left.
            Task { await finish() }
        }
    }

    private func takeGroup() -> ArraySlice<Entry> {
        var bytes = 0
        let fitting = gathered.prefix(limit).prefix {
            bytes += size($0.item)
            return bytes <= Self.byteLimit
        }
        let group = Array(gathered.prefix(max(fitting.count, 1)))
        gathered.removeFirst(group.count)
        return group[...]
    }

    private func lingerInBacklog() async {
        guard let backlog, !backlog.isEmpty, gathered.count < limit, !isFinished else { return }
        try? await clock.sleep(for: linger)
    }

    private func settle(_ group: ArraySlice<Entry>) async {
        var backoff = Backoff()
        let deadline = patience.map { ContinuousClock.now + $0 }
        while true {
            do throws(StoreError) {
                let outcomes = try await commit(group.map(\.item))
                precondition(outcomes.count == group.count, "one outcome an item")
                for (entry, outcome) in zip(group, outcomes) {
                    entry.continuation.resume(returning: .success(outcome))
                }
                return
            } catch {
                let mayWait = deadline.map { ContinuousClock.now < $0 } ?? true
                if error.isRetryable, mayWait, !Task.isCancelled {
                    try? await clock.sleep(for: backoff.next())
                } else if !error.isRetryable, group.count > 1 {
                    let middle = group.startIndex + group.count / 2
                    await settle(group[..<middle])
                    await settle(group[middle...])
                    return
                } else {
                    for entry in group { entry.continuation.resume(returning: .failure(error)) }
                    return
                }
            }
        }
    }
}
