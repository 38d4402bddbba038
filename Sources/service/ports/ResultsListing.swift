public import SandmillEntity

/// What lies below the results directory.
public protocol ResultsListing: ResultRemoval {
    /// The days that have results, the oldest first.
    func days() async throws(ResultsError) -> [String]

    /// The names in the directory of a day, which are the ids of executions where nobody has put something else.
    func executions(on day: String) async throws(ResultsError) -> [String]

    /// The attempts of an execution that are there.
    func attempts(of execution: String, on day: String) async throws(ResultsError) -> [FoundResult]

    /// What workers gather.
    func staged() async throws(ResultsError) -> [FoundResult]

    /// Removes what a worker has gathered.
    func removeStaged(_ path: String) async throws(ResultsError)

    /// The files in the directory of an attempt, by their paths in it, with their sizes; nil where it is not there.
    func files(in path: String) async throws(ResultsError) -> [String: ByteCount]?

    /// Whether the directory of an attempt is there.
    func has(_ path: String) async throws(ResultsError) -> Bool
}

/// A directory below the results directory.
public struct FoundResult: Equatable, Sendable {
    /// Where it is, relative to the root.
    public var path: String
    /// For how long nothing was added to it, and it was not moved.
    public var age: Duration

    /// Names one.
    public init(path: String, age: Duration) {
        self.path = path
        self.age = age
    }
}
