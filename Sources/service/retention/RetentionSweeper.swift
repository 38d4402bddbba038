internal import FoundationEssentials
public import Logging
internal import Metrics
public import SandmillEntity
public import ServiceLifecycle

/// Removes what has been kept for long enough, and what is above quotas.
///
/// One of all workers does it at a time, by a lease, in steps of which each is a short transaction. Between two
/// steps it rests for twice as long as the step took, so that it has a third of one connection at most, and
/// leaves the disk to those who work. Who dies leaves the rest to the next, who begins with the oldest again.
public struct RetentionSweeper: Service {
    /// How many executions one step removes.
    static let group = 100
    /// How many other records one step removes.
    static let groupOfRecords = 1_000
    /// How often it is looked for what has been kept long enough.
    private static let interval: Duration = .seconds(60)

    private let name: String
    private let policy: RetentionPolicy
    private let store: any RetentionStore
    private let deletions: Deletions
    private let clock: any Clock<Duration>
    private let poller: Poller

    /// Describes a sweeper.
    ///
    /// - Parameters:
    ///   - name: What its worker is called.
    ///   - policy: What is kept for how long.
    ///   - store: Finds what is older.
    ///   - deletions: Removes executions.
    ///   - clock: What it waits with.
    ///   - logger: Told what failed.
    public init(
        name: String,
        policy: RetentionPolicy,
        store: any RetentionStore,
        deletions: Deletions,
        clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger
    ) {
        self.name = name
        self.policy = policy
        self.store = store
        self.deletions = deletions
        self.clock = clock
        poller = Poller(every: Self.interval(of: policy), clock: clock, logger: logger)
    }

    /// Sweeps until a graceful shutdown.
    public func run() async throws {
        DeletionCause.prepare()
        for kind in RetainedKind.allCases { Self.count(0, of: kind) }
        poller.lookSoon()
        await poller.run([
            { try await removeOld() },
            { try await removeExcess() },
        ])
    }

    /// How often: where something is kept for seconds only, as in a trial, more often than once a minute.
    private static func interval(of policy: RetentionPolicy) -> Duration {
        guard case .lasting(let shortest) = policy.shortest else { return interval }
        return min(interval, max(.seconds(1), shortest / 4))
    }

    // MARK: - What has been kept long enough

    /// Removes what has been kept long enough, if it is time and nobody else does.
    func removeOld() async throws {
        guard try await store.begin(.retention, by: name) else { return }
        var rules: [(RetentionRule, DeletionCause)] = [(.requested, .requested)]
        for pool in try await store.pools() {
            for state in RetentionPolicy.states {
                let retention = policy.retention(of: state, in: pool)
                guard case .lasting(let time) = retention else { continue }
                rules.append((.ended(pool: pool, state: state, ago: time), .retention(retention)))
            }
        }
        for (rule, cause) in rules {
            guard try await remove(rule, because: cause) else { return }
        }
        for (kind, retention) in records {
            guard try await remove(kind, after: retention) else { return }
        }
        try await store.end(.retention, by: name, next: Self.interval(of: policy))
    }

    private var records: [(RetainedKind, Retention)] {
        [
            (.deadLetters, policy.deadLetters), (.batches, policy.batches),
            (.removed, policy.removed), (.bulkActions, policy.bulkActions),
            (.audit, policy.audit),
        ]
    }

    /// Removes the executions that a rule means; false when another has taken over, or it is time to stop.
    private func remove(
        _ rule: RetentionRule,
        because cause: DeletionCause
    ) async throws -> Bool {
        var cursor: ListCursor?
        while true {
            let start = ContinuousClock.now
            let page = try await store.kept(by: rule, after: cursor, limit: Self.group)
            cursor = page.last?.cursor
            let ids = page.filter { !deletions.holds($0.labels) }.map(\.id)
            if !ids.isEmpty { try await deletions.delete(ids, because: cause) }
            if page.count < Self.group { return true }
            guard try await goesOn(.retention, since: start) else { return false }
        }
    }

    private func remove(_ kind: RetainedKind, after retention: Retention) async throws -> Bool {
        guard case .lasting(let time) = retention else { return true }
        while true {
            let start = ContinuousClock.now
            let count = try await store.remove(kind, olderThan: time, limit: Self.groupOfRecords)
            Self.count(count, of: kind)
            if count < Self.groupOfRecords { return true }
            guard try await goesOn(.retention, since: start) else { return false }
        }
    }

    private static func count(_ count: Int, of kind: RetainedKind) {
        Counter(label: "sandmill_records_removed", dimensions: [("kind", kind.rawValue)])
            .increment(by: count)
    }

    /// Rests after a step; false when another has taken over, or it is time to stop.
    private func goesOn(_ sweep: Sweep, since start: ContinuousClock.Instant) async throws -> Bool {
        try? await clock.sleep(for: (ContinuousClock.now - start) * 2)
        if Task.isShuttingDownGracefully || Task.isCancelled { return false }
        return try await store.extend(sweep, by: name)
    }

    // MARK: - What is above quotas

    /// Removes the oldest of those who have more than they may, if it is time and nobody else does.
    func removeExcess() async throws {
        let bounds = [policy.tenantBytes, policy.totalBytes, policy.tenantDeadLetterBytes]
        guard bounds.contains(where: { $0 != nil }) else { return }
        guard try await store.begin(.quotas, by: name) else { return }
        guard let ofLetters = try await removeExcessDeadLetters() else { return }
        guard let ofResults = try await removeExcessResults() else { return }
        // To add up takes one part in fifty of the time, however much there is.
        let next = max(Self.interval(of: policy), (ofLetters + ofResults) * 50)
        try await store.end(.quotas, by: name, next: next)
    }

    /// Removes dead letters.
    ///
    /// - Returns: What it takes to find that there are none; nil when another has taken over, or it is time to
    ///   stop.
    private func removeExcessDeadLetters() async throws -> Duration? {
        guard let quota = policy.tenantDeadLetterBytes else { return .zero }
        while true {
            let start = ContinuousClock.now
            let count = try await store.removeDeadLetters(
                above: quota,
                limit: Self.groupOfRecords
            )
            Self.count(count, of: .deadLetters)
            if count < Self.groupOfRecords { return ContinuousClock.now - start }
            guard try await goesOn(.quotas, since: start) else { return nil }
        }
    }

    /// Removes results, with their executions.
    ///
    /// - Returns: What it takes to add them up; nil when another has taken over, or it is time to stop.
    private func removeExcessResults() async throws -> Duration? {
        guard policy.tenantBytes != nil || policy.totalBytes != nil else { return .zero }
        while try await store.measure(limit: Self.group) == Self.group {
            guard try await goesOn(.quotas, since: ContinuousClock.now) else { return nil }
        }
        let start = ContinuousClock.now
        var sizes = try await store.resultsSizes()
        let effort = ContinuousClock.now - start
        if let quota = policy.tenantBytes {
            for (tenant, size) in sizes.sorted(by: { $0.key < $1.key }) where size > quota {
                let excess = size - quota
                guard let rest = try await remove(excess, of: tenant) else { return nil }
                sizes[tenant] = quota + rest
            }
        }
        let total = sizes.values.reduce(ByteCount.zero) { $0 + $1 }
        if let quota = policy.totalBytes, total > quota {
            guard try await remove(total - quota, of: nil) != nil else { return nil }
        }
        return effort
    }

    /// Removes the oldest executions of a tenant, or of all, until they have had as many bytes.
    ///
    /// - Returns: What could not be removed, or less than nothing; nil when another has taken over, or it is time
    ///   to stop.
    private func remove(_ excess: ByteCount, of tenant: String?) async throws -> ByteCount? {
        var (rest, cursor) = (excess, ListCursor?.none)
        while rest > .zero {
            let start = ContinuousClock.now
            let page = try await store.oldest(of: tenant, after: cursor, limit: Self.group)
            cursor = page.last?.cursor
            var chosen: [KeptExecution] = []
            var size = ByteCount.zero
            for execution in page
            where size < rest && execution.size > .zero && !deletions.holds(execution.labels) {
                chosen.append(execution)
                size = size + execution.size
            }
            let removed = try await deletions.delete(
                chosen.map(\.id),
                because: tenant == nil ? .totalQuota : .tenantQuota
            )
            for execution in chosen where removed.contains(execution.id) {
                rest = rest - execution.size
            }
            if page.count < Self.group { break }
            guard try await goesOn(.quotas, since: start) else { return nil }
        }
        return rest
    }
}
