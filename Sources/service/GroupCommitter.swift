internal import Backoff
internal import SandmillEntity

/// Commits items in groups, without a timer.
///
/// While one group commits, the next gathers; whatever has come by then goes together. Alone, an
/// item waits for nothing; under load, hundreds share one transaction.
///
/// What a commit costs hardly depends on how many items share it. So while there is a backlog, and
/// time matters to nobody, a committer may linger to let more of them gather.
///
/// What becomes of a group that is refused:
///
/// 1. Only what can never be stored (``StoreError/Code/unstorable``) fails, and by itself: its group is
///    halved until it stands alone.
/// 2. Where some items alone may be at fault, such as one whose row somebody has locked, the group
///    is set aside: its halves are tried beside the groups that follow, and what is refused even by
///    itself is tried again, for as long as it takes or as is told, while all others go on.
/// 3. Everything else is the store's fault. The group is tried again, as it is and with backoff, for
///    as long as it takes or as somebody may be kept waiting.
public actor GroupCommitter<Item: Sendable, Outcome: Sendable> {
    /// Commits a group and returns one outcome an item, in the same order.
    public typealias Commit = @Sendable ([Item]) async throws(StoreError) -> [Outcome]

    /// The most bytes of a group, but for a single item that is larger.
    private static var byteLimit: Int { 8 << 20 }

    private let kind: String
    private let limit: Int
    private let size: @Sendable (Item) -> Int
    private let linger: Duration
    private let patience: Duration?
    private let patienceSetAside: Duration?
    private let backlog: Backlog?
    private let delay: StoreDelay?
    private let clock: any Clock<Duration>
    private let commit: Commit
    private var gathered = Inbox()
    private var setAside = Inbox()

    /// Describes a committer; it works while ``run()`` does.
    ///
    /// - Parameters:
    ///   - kind: What the items are called, in the plural.
    ///   - limit: The most items of a group.
    ///   - size: How many bytes an item takes, if they may be many.
    ///   - linger: How long a group gathers at least while there is a backlog.
    ///   - patience: For how long an item is tried again; nil for ever.
    ///   - patienceSetAside: For how long one that is set aside is; nil for no less than others.
    ///   - backlog: What tells whether there is one; nil for never.
    ///   - delay: Told what waits for the store.
    ///   - clock: What it waits with before it tries again.
    ///   - commit: Commits a group.
    public init(
        of kind: String = "items",
        limit: Int = 256,
        size: @escaping @Sendable (Item) -> Int = { _ in 0 },
        linger: Duration = .zero,
        patience: Duration? = nil,
        patienceSetAside: Duration? = nil,
        backlog: Backlog? = nil,
        delay: StoreDelay? = nil,
        clock: any Clock<Duration> = ContinuousClock(),
        commit: @escaping Commit
    ) {
        self.kind = kind
        self.limit = limit
        self.size = size
        self.linger = linger
        self.patience = patience
        self.patienceSetAside = patienceSetAside
        self.backlog = backlog
        self.delay = delay
        self.clock = clock
        self.commit = commit
    }

    /// How many items wait for the next group.
    var waitingCount: Int { gathered.entries.count }

    /// Hands an item over and waits for its outcome.
    public func submit(_ item: Item) async throws(StoreError) -> Outcome {
        guard !gathered.isClosed else { throw StoreError(.unavailable, "the worker has stopped") }
        let deadline = patience.map { ContinuousClock.now + $0 }
        let result = await withCheckedContinuation { continuation in
            gathered.add([Entry(item: item, deadline: deadline, continuation: continuation)])
        }
        return try result.get()
    }

    /// Lets ``run()`` return once everything that was handed over is settled.
    public func finish() {
        gathered.close()
    }

    /// Commits groups until ``finish()`` was called, or fails what is left when cancelled.
    public func run() async {
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { tasks in
                tasks.addTask { await self.commitWhatWasSetAside() }
                await commitWhatGathers()
                setAside.close()
            }
        } onCancel: {
            // Not awaited: it only wakes the loop above, which then ends with what is left.
            Task { await finish() }
        }
    }

    private func commitWhatGathers() async {
        while true {
            if gathered.entries.isEmpty {
                if gathered.isClosed { return }
                await withCheckedContinuation { gathered.wait(with: $0) }
                // Whoever comes at the same moment comes along.
                await Task.yield()
            } else {
                await lingerInBacklog()
                await settle(gathered.take(limit, bytes: Self.byteLimit, size))
            }
        }
    }

    private func lingerInBacklog() async {
        guard let backlog, !backlog.isEmpty, gathered.entries.count < limit, !gathered.isClosed
        else { return }
        try? await clock.sleep(for: linger)
    }

    /// Commits a group, however long the store is away, or sets it aside.
    private func settle(_ group: [Entry]) async {
        var group = group
        var backoff = Backoff()
        while let error = await refusal(of: group) {
            if error.mayBeOfSomeRows {
                let deadline = patienceSetAside.map { ContinuousClock.now + $0 }
                setAside.add(group.map { $0.expiring(by: deadline) })
                break
            }
            group = keep(group, after: error)
            if group.isEmpty { break }
            delay?.note(kind, count: group.count, because: error.message)
            try? await clock.sleep(for: backoff.next())
        }
        delay?.end(kind)
    }

    /// Commits the parts of groups that were set aside, until all have gone in or failed.
    private func commitWhatWasSetAside() async {
        var backoff = Backoff(initial: .milliseconds(50), maximum: .seconds(1))
        while true {
            if setAside.entries.isEmpty {
                delay?.end(kindSetAside)
                if setAside.isClosed { return }
                await withCheckedContinuation { setAside.wait(with: $0) }
                continue
            }
            let group = setAside.take(limit, bytes: Self.byteLimit, size)
            let left = await commitHalves(of: group[...])
            setAside.add(left)
            if left.count < group.count {
                backoff.reset()
            } else {
                try? await clock.sleep(for: backoff.next())
            }
        }
    }

    /// Commits what can be of a group that was refused as a whole, and returns what is to be tried again.
    private func commitHalves(of group: ArraySlice<Entry>) async -> [Entry] {
        guard group.count > 1 else { return await commitOrHalve(group) }
        let middle = group.startIndex + group.count / 2
        let first = await commitOrHalve(group[..<middle])
        return first + (await commitOrHalve(group[middle...]))
    }

    private func commitOrHalve(_ group: ArraySlice<Entry>) async -> [Entry] {
        guard let error = await refusal(of: Array(group)) else { return [] }
        if error.mayBeOfSomeRows, group.count > 1 { return await commitHalves(of: group) }
        if error.code == .unstorable {
            for entry in group { entry.continuation.resume(returning: .failure(error)) }
            return []
        }
        let kept = keep(Array(group), after: error)
        delay?.note(kindSetAside, count: kept.count, because: error.message)
        return kept
    }

    /// Commits a group and tells its outcomes; nil, or why nothing of it was committed.
    private func refusal(of group: [Entry]) async -> StoreError? {
        do throws(StoreError) {
            let outcomes = try await commit(group.map(\.item))
            precondition(outcomes.count == group.count, "one outcome an item")
            for (entry, outcome) in zip(group, outcomes) {
                entry.continuation.resume(returning: .success(outcome))
            }
            return nil
        } catch {
            return error
        }
    }

    /// Fails those that may be kept waiting no longer, and returns the others.
    private func keep(_ group: [Entry], after error: StoreError) -> [Entry] {
        let now = ContinuousClock.now
        return group.filter { entry in
            let mayWait = !Task.isCancelled && entry.deadline.map { now < $0 } ?? true
            if !mayWait { entry.continuation.resume(returning: .failure(error)) }
            return mayWait
        }
    }

    private var kindSetAside: String { "\(kind) set aside" }
}

// MARK: - What waits

extension GroupCommitter {
    private struct Entry: Sendable {
        let item: Item
        /// Until when it is tried again; nil for ever.
        var deadline: ContinuousClock.Instant?
        let continuation: CheckedContinuation<Result<Outcome, StoreError>, Never>

        func expiring(by other: ContinuousClock.Instant?) -> Entry {
            var entry = self
            entry.deadline = [deadline, other].compactMap { $0 }.min()
            return entry
        }
    }

    /// Entries, and the one task that waits for some.
    private struct Inbox {
        private(set) var entries: [Entry] = []
        private(set) var isClosed = false
        private var waiter: CheckedContinuation<Void, Never>?

        mutating func add(_ more: [Entry]) {
            entries += more
            waiter.take()?.resume()
        }

        /// Takes the first of them: at most `limit`, and of no more bytes but for a single one.
        ///
        /// What does not fit lets smaller ones pass that came later. It is not kept back for ever, since the
        /// first is always taken.
        mutating func take(_ limit: Int, bytes: Int, _ size: (Item) -> Int) -> [Entry] {
            var (group, rest): ([Entry], [Entry]) = ([], [])
            var total = 0
            for entry in entries {
                let bytesOfEntry = size(entry.item)
                if group.isEmpty || group.count < limit && total + bytesOfEntry <= bytes {
                    group.append(entry)
                    total += bytesOfEntry
                } else {
                    rest.append(entry)
                }
            }
            entries = rest
            return group
        }

        /// Resumes the waiter when there is something, or nothing comes any more.
        mutating func wait(with waiter: CheckedContinuation<Void, Never>) {
            self.waiter = waiter
            if !entries.isEmpty || isClosed { self.waiter.take()?.resume() }
        }

        mutating func close() {
            isClosed = true
            waiter.take()?.resume()
        }
    }
}
