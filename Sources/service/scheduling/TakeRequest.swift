public import FoundationEssentials

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
