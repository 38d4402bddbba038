public import FoundationEssentials
public import SandmillEntity

/// A level of a tenant: what is fair is reckoned between these.
public struct Lane: Hashable, Sendable {
    /// The level.
    public var level: Level
    /// The tenant.
    public var tenant: String

    /// Names one.
    public init(level: Level, tenant: String) {
        self.level = level
        self.tenant = tenant
    }
}

/// How much of a lane waits in the store.
public struct LaneBacklog: Equatable, Sendable {
    /// How many executions.
    public var count = 0
    /// What their requests take.
    public var size = ByteCount.zero

    /// Describes a backlog.
    public init(count: Int = 0, size: ByteCount = .zero) {
        self.count = count
        self.size = size
    }

    static func + (left: Self, right: Self) -> Self {
        Self(count: left.count + right.count, size: left.size + right.size)
    }
}

/// A worker's room for executions that wait in the store.
public struct TakeRequest: Equatable, Sendable {
    /// The most bytes of requests that are taken at once, but for the last: what has to be held at once is
    /// held by whoever asks again.
    public static let byteLimit = 4 << 20

    /// Names the request, so that it can be repeated.
    public var token: UUID
    /// The worker.
    public var worker: String
    /// The pool that has room.
    public var pool: String
    /// For how many.
    public var count: Int
    /// For how many of lanes of which the worker has none, if that is more.
    public var newcomers: Int
    /// How many the worker has of each lane already.
    public var held: [Lane: Int]
    /// Whether it was asked for before, and nobody knows what came of it.
    public var isRepeated = false

    /// Describes a vacancy.
    public init(
        token: UUID,
        worker: String,
        pool: String,
        count: Int,
        newcomers: Int = 0,
        held: [Lane: Int]
    ) {
        self.newcomers = newcomers
        self.token = token
        self.worker = worker
        self.pool = pool
        self.count = count
        self.held = held
    }
}

/// An execution that waited in the store and is now a worker's to run.
public struct TakenExecution: Equatable, Sendable {
    /// The request's message.
    public var request: RequestMessage
    /// The attempt.
    public var grant: AttemptGrant
    /// Whether its batch limits how many of its members run at once.
    public var isLimited: Bool
    /// What it is if it cannot be run, as the pool has changed since it was accepted.
    public var unrunnable: UnstartedExecution

    /// Puts one together.
    public init(
        request: RequestMessage,
        grant: AttemptGrant,
        isLimited: Bool,
        unrunnable: UnstartedExecution
    ) {
        self.request = request
        self.grant = grant
        self.isLimited = isLimited
        self.unrunnable = unrunnable
    }

    /// Its level and tenant.
    public var lane: Lane {
        Lane(level: unrunnable.record.level, tenant: unrunnable.record.tenant)
    }
}
