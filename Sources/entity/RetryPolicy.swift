/// When a program that ended is run again, because its request asks for it.
public struct RetryPolicy: Equatable, Sendable {
    /// The ends that a request may name: those that are the program's own.
    public static let states: [ExecutionState] = [
        .failed, .timedOut, .outOfMemory, .outputExceeded,
    ]
    /// The most retries that a request may ask for.
    public static let maximum = 10

    /// How often it is run again at most, from 1 to ``maximum``.
    public var limit: Int
    /// The ends after which it is, all of them among ``states``.
    public var states: Set<ExecutionState>

    /// Describes a policy.
    public init(limit: Int, states: Set<ExecutionState>) {
        self.limit = limit
        self.states = states
    }

    /// Whether an end is followed by another attempt, after so many retries.
    public func allows(retryAfter state: ExecutionState, retries: Int) -> Bool {
        retries < limit && states.contains(state)
    }
}
