/// The sandboxes of one pool: which exist, whose they are, who waits for one.
///
/// A value without I/O, clock or task: every function returns the ``Action``s that its owner
/// performs, and the owner reports what came of them. Times are monotonic, from any origin.
///
/// ```
///              create                 grant
///   (none) ──────────▶ starting ──▶ idle ◀──▶ leased
///                         │          │          │
///                  failed │   retire │          │ unclean, lost, worn out
///                         ▼          ▼          ▼
///                       (none) ◀── retiring ◀───┘
/// ```
///
/// `create`: ``replenish()`` · `starting → idle`: ``didStart(_:at:)`` · `starting → (none)`:
/// ``didFailToStart(_:)`` · `idle → leased`: ``lease(tenant:memory:isolation:level:cost:age:at:)``
/// and whatever frees a sandbox · `leased → idle`, `leased → retiring`: ``release(_:reusable:at:)`` · `idle →
/// retiring`, `idle → probed`: ``inspect(at:)`` · `probed → idle`, `probed → retiring`:
/// ``didProbe(_:isHealthy:at:)`` · `retiring → (none)`: ``didDestroy(_:)``.
///
/// Invariants:
/// 1. No more than ``Configuration/maximum`` sandboxes are tenants'. With those that are nobody's and
///    those that are retiring there are no more than ``Configuration/changeover`` beyond; half as many
///    are starting at once, and for tenants that have some no more than ``Configuration/furtherStarts``
///    while another has one, too: a start takes a processor from the programs of all.
/// 2. A sandbox that has a tenant is leased to that tenant only, and keeps it until it is gone.
/// 3. A sandbox is leased to at most one waiter, and a waiter is granted at most one sandbox.
/// 4. A waiter waits only while its tenant has ``Configuration/tenantMaximum`` programs running, or
///    no idle sandbox is its tenant's (unless it wants a fresh one) and none that is nobody's is
///    for its tenant (11, 12), there is no room for one more of its tenant (1, 11), or it
///    has written too much (15).
/// 5. While anybody waits whom one more sandbox would serve, as many are starting or ready as would
///    serve, or as the bounds allow; no room is needed for that.
/// 6. A sandbox that was not proved clean is never leased again.
/// 7. After ``drain()`` nothing is created, and what is idle retires.
/// 8. A sandbox that its tenant has had for ``turn`` retires when it is given back while others are owed
///    more sandboxes than there is room for, and one for them is ready: a tenant without any is owed
///    one, or half of what its tenant has; one with fewer, half of the difference; its tenant's waiters
///    for fresh ones, theirs.
/// 9. A sandbox that is leased as fresh was never leased before, and is never leased again.
/// 10. No tenant has more than ``Configuration/tenantMaximum`` sandboxes leased at once.
/// 11. The last sandbox that is ready and nobody's, and the last room for one more, are a tenant's
///     without sandboxes only, where any are kept ready and there may be two: a tenant by itself leaves
///     one to the next. No other sandbox stands in for them, however long it has idled.
/// 12. A sandbox that is nobody's is leased to a waiter whose tenant has as few sandboxes as any
///     that could use one.
/// 13. However young, it retires when it is given back while more tenants without a sandbox wait
///     than there is room for, one for them is ready, and its tenant has more than one and more than
///     its share, ``Configuration/maximum`` divided by the tenants that have or want one; and while
///     anybody waits and the last room (11) is gone, if its tenant has its share without it.
/// 14. An idle sandbox is taken from its tenant for another only when the other's is ready: for a
///     tenant without any, or one that has two fewer, once it is rested, which is when it has idled for
///     ``pause`` or its turn is over; for any other, once it has idled for ``turn``. It is one of those
///     that nobody of its tenant could use, if there is one, and of these the one that has idled longest.
///     Where the last room (11) is gone, two are taken for a tenant that has one already, or none: the
///     first, which has idled for ``turn``, restores it.
/// 15. While others have a sandbox or wait for one, a tenant that has written what
///     ``Configuration/writeRate`` lets through in two seconds, and more, is granted nothing, and nothing
///     is created for it, until time has taken the rest: the disk is everybody's, whoever has which sandbox.
///     One that has written what it lets through in a quarter of a second runs one program at a time.
///
/// Of the waiters that a sandbox could serve the one is served whose turn it is: ``FairQueue``.
/// So a high that joins a thousand low of its tenant starts with the next sandbox that is given
/// back, and one of another tenant with the sandbox that was kept for it (11), or with the first
/// that is given back and replaced (13). Sandboxes of other tenants are not taken for a level's
/// sake: replacing one costs a hundred small programs.
///
/// Cost: a call looks at each tenant that waits or has a sandbox, and at each waiter and each sandbox
/// once more for every grant; never at each waiter for each sandbox. Giving a sandbox back and asking
/// for another take 10 µs with 4 sandboxes and 60 waiters, 1 ms with 1,000 and 2,000.
public struct SandboxPool: Sendable {
    /// Names a sandbox within its pool; never used twice.
    public struct SandboxID: Hashable, Comparable, Sendable {
        let number: UInt64

        /// Orders by creation.
        public static func < (left: Self, right: Self) -> Bool { left.number < right.number }
    }

    /// Names somebody who waits for a sandbox; never used twice.
    public struct WaiterID: Hashable, Sendable {
        let number: UInt64
    }

    /// How large a pool is, and how long its sandboxes last.
    public struct Configuration: Equatable, Sendable {
        /// How many unassigned sandboxes are kept ready.
        public var spare: Int
        /// The most sandboxes of tenants at once.
        public var maximum: Int
        /// The most programs of one tenant at once; nil for no such limit.
        public var tenantMaximum: Int?
        /// How many bytes of results a tenant may write a second; nil for no such limit.
        public var writeRate: ByteCount?
        /// The most sandboxes that start at once for tenants that have some, beside others; nil for no
        /// such limit.
        public var furtherStarts: Int?
        /// A sandbox is retired after so many programs.
        public var maximumUses: Int
        /// A sandbox is retired when it is so old.
        public var maximumAge: Duration
        /// A tenant's sandbox is retired after so long without a program.
        public var idleTimeout: Duration
        /// An idle sandbox is asked for its health after so long.
        public var probeInterval: Duration

        /// Puts a configuration together.
        public init(
            spare: Int,
            maximum: Int,
            tenantMaximum: Int? = nil,
            writeRate: ByteCount? = nil,
            furtherStarts: Int? = nil,
            maximumUses: Int,
            maximumAge: Duration,
            idleTimeout: Duration,
            probeInterval: Duration
        ) {
            self.spare = spare
            self.maximum = maximum
            self.tenantMaximum = tenantMaximum
            self.writeRate = writeRate
            self.furtherStarts = furtherStarts
            self.maximumUses = maximumUses
            self.maximumAge = maximumAge
            self.idleTimeout = idleTimeout
            self.probeInterval = probeInterval
        }

        /// How many sandboxes there may be beyond ``maximum`` in which no program runs: those that are
        /// nobody's yet, so that they start while others are still used, and those that are removed.
        public var changeover: Int { min(max(maximum, 4), 16) }
    }

    /// What the owner has to do.
    public enum Action: Equatable, Sendable {
        /// Make a sandbox, then ``didStart(_:at:)`` or ``didFailToStart(_:)``.
        case create(SandboxID)
        /// Remove a sandbox, then ``didDestroy(_:)``.
        case destroy(SandboxID)
        /// Hand a sandbox to a waiter; its memory limit must first be changed to the value, if
        /// there is one.
        case grant(SandboxID, to: WaiterID, settingMemory: ByteCount?)
        /// Ask a sandbox for its health, then ``didProbe(_:isHealthy:at:)``.
        case probe(SandboxID)
    }

    /// What a sandbox is doing.
    public enum Phase: Equatable, Sendable {
        /// It is being made.
        case starting
        /// It waits for a program.
        case idle(since: Duration)
        /// It runs a program.
        case leased
        /// It is asked for its health, having been idle since then.
        case probed(idleSince: Duration)
        /// It is being removed.
        case retiring

        /// Whether it is idle, or will be in a moment.
        var isReady: Bool {
            switch self {
            case .idle, .probed: true
            case .starting, .leased, .retiring: false
            }
        }

        /// Whether it waits for a program.
        var isIdle: Bool { if case .idle = self { true } else { false } }
    }

    /// One sandbox.
    public struct Sandbox: Equatable, Sendable {
        /// What it is doing.
        public internal(set) var phase: Phase
        /// Whose it is; nil until its first lease.
        public internal(set) var tenant: String?
        /// Its memory limit.
        public internal(set) var memory: ByteCount
        /// How many programs it has run.
        public internal(set) var uses = 0
        /// Why it is being removed; nil while it is not.
        public internal(set) var retirement: Retirement?
        var isolation = Isolation.tenant
        var startedAt: Duration?
        /// Since when it is its tenant's.
        var assignedAt: Duration?
        var provedAt: Duration?

        func canServe(_ waiter: Waiter) -> Bool {
            tenant == nil || tenant == waiter.tenant && waiter.isolation == .tenant
        }
    }

    /// Why a sandbox is removed.
    public enum Retirement: String, CaseIterable, Sendable {
        /// It was not proved clean, or is lost.
        case unclean
        /// It failed its health probe.
        case unhealthy
        /// It has run as many programs as it may.
        case uses
        /// It has lived as long as it may.
        case age
        /// It was for one program.
        case fresh
        /// Nobody has used it for long.
        case idle
        /// Another tenant needs the room.
        case yielded
        /// The pool is drained.
        case drained
    }

    struct Waiter {
        let id: WaiterID
        let tenant: String
        let memory: ByteCount
        let isolation: Isolation
    }

    /// How long a sandbox serves its tenant before it makes room for others, if they need it.
    ///
    /// Replacing it costs a processor a third of a second, so a shorter turn would cost more than it
    /// gives.
    public static let turn: Duration = .seconds(2)
    /// How long a sandbox waits for the next program of its tenant before its turn ends early.
    ///
    /// Who sends the next one when the last has ended takes some tens of milliseconds.
    public static let pause: Duration = .milliseconds(200)

    let configuration: Configuration
    var waiters = FairQueue<Waiter>()
    private(set) var census = SandboxCounts()
    /// The latest time that was told.
    private(set) var now = Duration.zero
    private(set) var written: WrittenBytes
    private let memory: ByteCount
    private var lastNumber: UInt64 = 0
    private var isDraining = false

    /// Every sandbox that exists.
    public private(set) var sandboxes: [SandboxID: Sandbox] = [:]

    /// Describes an empty pool, whose sandboxes start with `memory` as their limit.
    public init(_ configuration: Configuration, memory: ByteCount) {
        precondition(configuration.maximum > 0, "a pool without sandboxes serves nobody")
        precondition(configuration.tenantMaximum != 0, "a tenant without sandboxes is not served")
        self.configuration = configuration
        self.memory = memory
        written = WrittenBytes(rate: configuration.writeRate)
    }

    /// How many wait for a sandbox.
    public var waiterCount: Int { waiters.count }

    /// Whether nothing is left.
    public var isEmpty: Bool { sandboxes.isEmpty }

    /// Fills the pool up to its spare sandboxes.
    public mutating func start() -> [Action] {
        replenish()
    }

    /// Asks for a sandbox; the grant is among these actions or among those of a later call.
    ///
    /// `cost`, from 1, is what the tenant pays in turns, `age` how long the program has waited. A time
    /// before one that was told already counts as that.
    public mutating func lease(
        tenant: String,
        memory: ByteCount,
        isolation: Isolation = .tenant,
        level: Level = .normal,
        cost: Int = 1,
        age: Duration = .zero,
        at time: Duration = .zero
    ) -> (waiter: WaiterID, actions: [Action]) {
        now = max(now, time)
        let waiter = Waiter(
            id: WaiterID(number: nextNumber()),
            tenant: tenant,
            memory: memory,
            isolation: isolation
        )
        waiters.append(waiter, level: level, tenant: tenant, cost: cost, since: now - age)
        return (waiter.id, replenish())
    }

    /// Stops waiting; without effect when the grant was given already.
    ///
    /// What the waiter was to get may be another's now.
    @discardableResult
    public mutating func cancel(_ waiter: WaiterID) -> [Action] {
        waiters.removeAll { $0.id == waiter }
        return replenish()
    }

    /// A sandbox that was to be made is ready.
    public mutating func didStart(_ id: SandboxID, at now: Duration) -> [Action] {
        guard var sandbox = sandboxes[id], sandbox.phase == .starting else {
            preconditionFailure("only a starting sandbox becomes ready")
        }
        self.now = now
        sandbox.startedAt = now
        sandbox.provedAt = now
        sandbox.phase = .idle(since: now)
        set(sandbox, as: id)
        return isDraining ? retire(id, .drained) : replenish()
    }

    /// A sandbox could not be made; ``replenish()`` tries again, after a while.
    public mutating func didFailToStart(_ id: SandboxID) {
        precondition(sandboxes[id]?.phase == .starting, "only a starting sandbox fails to start")
        set(nil, as: id)
    }

    /// A program is done with a sandbox, `reusable` when it was proved clean, and has written so much.
    public mutating func release(
        _ id: SandboxID,
        reusable: Bool,
        written size: ByteCount = .zero,
        at now: Duration
    ) -> [Action] {
        guard var sandbox = sandboxes[id], sandbox.phase == .leased else {
            preconditionFailure("only a leased sandbox is given back")
        }
        self.now = now
        if let tenant = sandbox.tenant { written.add(size, by: tenant, at: now) }
        sandbox.uses += 1
        sandbox.provedAt = now
        sandbox.phase = .idle(since: now)
        set(sandbox, as: id)
        let retirement: Retirement? =
            if !reusable {
                .unclean
            } else if sandbox.isolation == .fresh {
                .fresh
            } else if sandbox.uses >= configuration.maximumUses {
                .uses
            } else if isOld(sandbox) {
                .age
            } else if isDraining {
                .drained
            } else {
                mustYield(sandbox) ? .yielded : nil
            }
        return (retirement.map { retire(id, $0) } ?? []) + replenish()
    }

    /// A sandbox answered its health probe, or did not.
    public mutating func didProbe(
        _ id: SandboxID,
        isHealthy: Bool,
        at now: Duration
    ) -> [Action] {
        guard var sandbox = sandboxes[id], case .probed(let idleSince) = sandbox.phase else {
            preconditionFailure("only a probed sandbox answers")
        }
        self.now = now
        if !isHealthy { return retire(id, .unhealthy) + replenish() }
        if isDraining { return retire(id, .drained) }
        if mustYield(sandbox) { return retire(id, .yielded) + replenish() }
        sandbox.provedAt = now
        sandbox.phase = .idle(since: idleSince)
        set(sandbox, as: id)
        return replenish()
    }

    /// A sandbox is gone.
    public mutating func didDestroy(_ id: SandboxID) -> [Action] {
        precondition(sandboxes[id]?.phase == .retiring, "only a retiring sandbox is removed")
        set(nil, as: id)
        return replenish()
    }

    /// Retires what was idle or has lived for too long, but for the spare sandboxes, and probes
    /// what was not heard of lately.
    ///
    /// Called once in a while, and every tenth of a second while anybody waits: what makes room for
    /// others does so after a time.
    public mutating func inspect(at now: Duration) -> [Action] {
        self.now = now
        var actions: [Action] = []
        var surplus = census.unassignedReady - spare
        for (id, sandbox, since) in idleLongestFirst {
            let isNeeded = sandbox.tenant == nil && surplus <= 0
            let isForgotten = !isNeeded && now - since >= configuration.idleTimeout
            if isForgotten || isOld(sandbox) {
                if sandbox.tenant == nil { surplus -= 1 }
                actions += retire(id, isForgotten ? .idle : .age)
            } else if now - (sandbox.provedAt ?? since) >= configuration.probeInterval {
                setPhase(.probed(idleSince: since), of: id)
                actions.append(.probe(id))
            }
        }
        return actions + replenish()
    }

    /// Serves who can be served, and creates what is missing: a sandbox for each waiter whom it
    /// would serve, and the spare ones.
    ///
    /// It looks at the whole state, so calling it too often is harmless.
    public mutating func replenish() -> [Action] {
        if isDraining { return [] }
        var actions = serveWaiters()
        while case let room = makeRoom(), !room.isEmpty { actions += room + serveWaiters() }
        return actions + create()
    }

    /// Stops creating and retires what is idle; what is leased retires when it is given back.
    public mutating func drain() -> [Action] {
        isDraining = true
        return idle.flatMap { retire($0.id, .drained) }
    }

    typealias IdleSandbox = (id: SandboxID, sandbox: Sandbox, since: Duration)

    var idle: [IdleSandbox] {
        sandboxes.compactMap { id, sandbox in
            guard case .idle(let since) = sandbox.phase else { return nil }
            return (id, sandbox, since)
        }
    }

    var idleLongestFirst: [IdleSandbox] {
        idle.sorted { ($0.since, $0.id) < ($1.since, $1.id) }
    }

    /// Puts a sandbox in a new state, nil when it is gone.
    mutating func set(_ sandbox: Sandbox?, as id: SandboxID) {
        census.replace(sandboxes[id], by: sandbox)
        sandboxes[id] = sandbox
    }

    mutating func retire(_ id: SandboxID, _ reason: Retirement) -> [Action] {
        setPhase(.retiring, of: id, because: reason)
        return [.destroy(id)]
    }

    private mutating func setPhase(
        _ phase: Phase,
        of id: SandboxID,
        because reason: Retirement? = nil
    ) {
        guard var sandbox = sandboxes[id] else { return }
        sandbox.phase = phase
        sandbox.retirement = reason
        set(sandbox, as: id)
    }

    private func isOld(_ sandbox: Sandbox) -> Bool {
        sandbox.startedAt.map { now - $0 >= configuration.maximumAge } ?? false
    }

    private mutating func nextNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    private mutating func create() -> [Action] {
        let room = configuration.maximum + configuration.changeover - sandboxes.count
        let starts = max(min(furtherStarts, missingCount), newcomersStarts)
        let number = min(starts, room, configuration.changeover / 2 - census.starting)
        return (0..<max(0, number)).map { _ in
            let id = SandboxID(number: nextNumber())
            set(Sandbox(phase: .starting, memory: memory), as: id)
            return .create(id)
        }
    }
}
