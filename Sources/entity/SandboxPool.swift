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
/// ``didFailToStart(_:)`` · `idle → leased`: ``lease(tenant:memory:isolation:)`` and whatever
/// frees a sandbox · `leased → idle`, `leased → retiring`: ``release(_:reusable:at:)`` · `idle →
/// retiring`, `idle → probed`: ``inspect(at:)`` · `probed → idle`, `probed → retiring`:
/// ``didProbe(_:isHealthy:at:)`` · `retiring → (none)`: ``didDestroy(_:)``.
///
/// Invariants:
/// 1. No more than ``Configuration/maximum`` sandboxes exist, retiring ones included.
/// 2. A sandbox that has a tenant is leased to that tenant only, and keeps it until it is gone.
/// 3. A sandbox is leased to at most one waiter, and a waiter is granted at most one sandbox.
/// 4. A waiter waits only while no idle sandbox is nobody's or, unless it wants a fresh one, its
///    tenant's.
/// 5. While anybody waits and there is room, as many sandboxes are starting as are waited for or
///    as there is room for; without room, idle sandboxes of other tenants make it.
/// 6. A sandbox that was not proved clean is never leased again.
/// 7. After ``drain()`` nothing is created, and what is idle retires.
/// 8. A sandbox that has lived for ``turn`` is not leased to its tenant again while more waiters that
///    it cannot serve wait than sandboxes come, so a busy tenant keeps nobody waiting for long.
/// 9. A sandbox that is leased as fresh was never leased before, and is never leased again.
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
        /// The most sandboxes at once.
        public var maximum: Int
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
            maximumUses: Int,
            maximumAge: Duration,
            idleTimeout: Duration,
            probeInterval: Duration
        ) {
            self.spare = spare
            self.maximum = maximum
            self.maximumUses = maximumUses
            self.maximumAge = maximumAge
            self.idleTimeout = idleTimeout
            self.probeInterval = probeInterval
        }
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
        fileprivate var isReady: Bool {
            switch self {
            case .idle, .probed: true
            case .starting, .leased, .retiring: false
            }
        }
    }

    /// One sandbox.
    public struct Sandbox: Equatable, Sendable {
        /// What it is doing.
        public fileprivate(set) var phase: Phase
        /// Whose it is; nil until its first lease.
        public fileprivate(set) var tenant: String?
        /// Its memory limit.
        public fileprivate(set) var memory: ByteCount
        /// How many programs it has run.
        public fileprivate(set) var uses = 0
        fileprivate var isolation = Isolation.tenant
        fileprivate var startedAt: Duration?
        fileprivate var provedAt: Duration?

        fileprivate func canServe(_ waiter: Waiter) -> Bool {
            tenant == nil || tenant == waiter.tenant && waiter.isolation == .tenant
        }
    }

    fileprivate struct Waiter {
        let id: WaiterID
        let tenant: String
        let memory: ByteCount
        let isolation: Isolation
    }

    /// How long a sandbox serves its tenant before it makes room for others, if they need it.
    ///
    /// Making room costs about half a second, so a shorter turn would cost more than it gives.
    public static let turn: Duration = .seconds(2)

    private let configuration: Configuration
    private let memory: ByteCount
    private var waiters: [Waiter] = []
    private var lastNumber: UInt64 = 0
    private var isDraining = false

    /// Every sandbox that exists.
    public private(set) var sandboxes: [SandboxID: Sandbox] = [:]

    /// Describes an empty pool, whose sandboxes start with `memory` as their limit.
    public init(_ configuration: Configuration, memory: ByteCount) {
        precondition(configuration.maximum > 0, "a pool without sandboxes serves nobody")
        self.configuration = configuration
        self.memory = memory
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
    public mutating func lease(
        tenant: String,
        memory: ByteCount,
        isolation: Isolation = .tenant
    ) -> (waiter: WaiterID, actions: [Action]) {
        let waiter = Waiter(
            id: WaiterID(number: nextNumber()),
            tenant: tenant,
            memory: memory,
            isolation: isolation
        )
        waiters.append(waiter)
        return (waiter.id, serveWaiters() + replenish())
    }

    /// Stops waiting; without effect when the grant was given already.
    public mutating func cancel(_ waiter: WaiterID) {
        waiters.removeAll { $0.id == waiter }
    }

    /// A sandbox that was to be made is ready.
    public mutating func didStart(_ id: SandboxID, at now: Duration) -> [Action] {
        precondition(sandboxes[id]?.phase == .starting, "only a starting sandbox becomes ready")
        sandboxes[id]?.startedAt = now
        sandboxes[id]?.provedAt = now
        sandboxes[id]?.phase = .idle(since: now)
        return isDraining ? retire(id) : serveWaiters() + replenish()
    }

    /// A sandbox could not be made; ``replenish()`` tries again, after a while.
    public mutating func didFailToStart(_ id: SandboxID) {
        precondition(sandboxes[id]?.phase == .starting, "only a starting sandbox fails to start")
        sandboxes[id] = nil
    }

    /// A program is done with a sandbox, `reusable` when it was proved clean.
    public mutating func release(
        _ id: SandboxID,
        reusable: Bool,
        at now: Duration
    ) -> [Action] {
        guard var sandbox = sandboxes[id], sandbox.phase == .leased else {
            preconditionFailure("only a leased sandbox is given back")
        }
        sandbox.uses += 1
        sandbox.provedAt = now
        sandbox.phase = .idle(since: now)
        sandboxes[id] = sandbox
        let isWorn =
            sandbox.isolation == .fresh || sandbox.uses >= configuration.maximumUses
            || isOld(sandbox, at: now)
        if !reusable || isWorn || isDraining || mustYield(sandbox, at: now) {
            return retire(id) + replenish()
        }
        return serveWaiters() + replenish()
    }

    /// A sandbox answered its health probe, or did not.
    public mutating func didProbe(
        _ id: SandboxID,
        isHealthy: Bool,
        at now: Duration
    ) -> [Action] {
        guard let sandbox = sandboxes[id], case .probed(let idleSince) = sandbox.phase else {
            preconditionFailure("only a probed sandbox answers")
        }
        if !isHealthy || isDraining || mustYield(sandbox, at: now) {
            return retire(id) + replenish()
        }
        sandboxes[id]?.provedAt = now
        sandboxes[id]?.phase = .idle(since: idleSince)
        return serveWaiters() + replenish()
    }

    /// A sandbox is gone.
    public mutating func didDestroy(_ id: SandboxID) -> [Action] {
        precondition(sandboxes[id]?.phase == .retiring, "only a retiring sandbox is removed")
        sandboxes[id] = nil
        return replenish()
    }

    /// Retires what was idle or has lived for too long, but for the spare sandboxes, and probes
    /// what was not heard of lately.
    public mutating func inspect(at now: Duration) -> [Action] {
        var actions: [Action] = []
        var surplus = unassignedCount - configuration.spare
        for (id, sandbox, since) in idle {
            let isNeeded = sandbox.tenant == nil && surplus <= 0
            let isForgotten = !isNeeded && now - since >= configuration.idleTimeout
            if isForgotten || isOld(sandbox, at: now) {
                if sandbox.tenant == nil { surplus -= 1 }
                actions += retire(id)
            } else if now - (sandbox.provedAt ?? since) >= configuration.probeInterval {
                sandboxes[id]?.phase = .probed(idleSince: since)
                actions.append(.probe(id))
            }
        }
        return actions + replenish()
    }

    /// Creates what is missing: a sandbox for each waiter, and the spare ones.
    ///
    /// It looks at the whole state, so calling it too often is harmless.
    public mutating func replenish() -> [Action] {
        if isDraining { return [] }
        var actions: [Action] = []
        let starting = sandboxes.values.count { $0.phase == .starting }
        let wanted = max(waiters.count, configuration.spare - unassignedCount) - starting
        let room = configuration.maximum - sandboxes.count
        for _ in 0..<max(0, min(wanted, room)) {
            let id = SandboxID(number: nextNumber())
            sandboxes[id] = Sandbox(phase: .starting, memory: memory)
            actions.append(.create(id))
        }
        let retiring = sandboxes.values.count { $0.phase == .retiring }
        let unserved = waiters.count - starting - actions.count - retiring
        if unserved > 0 {
            let oldest = idle.sorted { $0.since < $1.since }.prefix(unserved)
            actions += oldest.flatMap { retire($0.id) }
        }
        return actions
    }

    /// Stops creating and retires what is idle; what is leased retires when it is given back.
    public mutating func drain() -> [Action] {
        isDraining = true
        return idle.flatMap { retire($0.id) }
    }

    private typealias IdleSandbox = (id: SandboxID, sandbox: Sandbox, since: Duration)

    private var idle: [IdleSandbox] {
        sandboxes.compactMap { id, sandbox in
            guard case .idle(let since) = sandbox.phase else { return nil }
            return (id, sandbox, since)
        }
    }

    private var unassignedCount: Int {
        sandboxes.values.count { $0.tenant == nil && $0.phase.isReady }
    }

    /// Whether a sandbox has had its turn and others need its room.
    private func mustYield(_ sandbox: Sandbox, at now: Duration) -> Bool {
        guard sandbox.tenant != nil, let startedAt = sandbox.startedAt,
            now - startedAt >= Self.turn
        else { return false }
        let others = waiters.count { !sandbox.canServe($0) }
        let coming = sandboxes.values.count { $0.phase == .starting || $0.phase == .retiring }
        return others > coming
    }

    private func isOld(_ sandbox: Sandbox, at now: Duration) -> Bool {
        sandbox.startedAt.map { now - $0 >= configuration.maximumAge } ?? false
    }

    private mutating func nextNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    private mutating func retire(_ id: SandboxID) -> [Action] {
        sandboxes[id]?.phase = .retiring
        return [.destroy(id)]
    }

    /// Grants idle sandboxes to waiters, in the order in which they came.
    private mutating func serveWaiters() -> [Action] {
        var actions: [Action] = []
        var waiting: [Waiter] = []
        var ready = idle
        if ready.isEmpty { return [] }
        for waiter in waiters {
            guard let index = Self.best(of: ready, for: waiter) else {
                waiting.append(waiter)
                continue
            }
            var (id, sandbox, _) = ready.remove(at: index)
            let settingMemory = sandbox.memory == waiter.memory ? nil : waiter.memory
            sandbox.phase = .leased
            sandbox.tenant = waiter.tenant
            sandbox.memory = waiter.memory
            sandbox.isolation = waiter.isolation
            sandboxes[id] = sandbox
            actions.append(.grant(id, to: waiter.id, settingMemory: settingMemory))
        }
        waiters = waiting
        return actions
    }

    /// The tenant's own before an unassigned one, a matching memory limit before another, and of
    /// those the one used last, whose memory is warm.
    private static func best(of idle: [IdleSandbox], for waiter: Waiter) -> Int? {
        func rank(_ sandbox: Sandbox) -> Int {
            (sandbox.tenant == nil ? 0 : 2) + (sandbox.memory == waiter.memory ? 1 : 0)
        }
        return idle.indices
            .filter { idle[$0].sandbox.canServe(waiter) }
            .max {
                (rank(idle[$0].sandbox), idle[$0].since) < (rank(idle[$1].sandbox), idle[$1].since)
            }
    }
}
