public import FoundationEssentials
public import SandmillEntity

/// Where the output of executions is kept: `<day>/<execution id>/<attempt>/` below a root.
public protocol ResultsStore: Sendable {
    /// Begins the results of one attempt, in the directory of the UTC day of `day`; nothing is on
    /// disk yet.
    func begin(execution: UUID, attempt: Int, day: Date) -> any ResultDraft

    /// Puts results in place, all with the same flushes, and returns once they are durable.
    ///
    /// Publishing the same attempt again replaces nothing: what is in place stays.
    ///
    /// - Returns: What became of each, in the same order.
    func publish(_ results: [FinishedResult]) async -> [Result<Void, ResultsError>]

    /// Checks that results can be written now, and that there is `room` for some beside what the store
    /// keeps free for any.
    func checkWritable(room: ByteCount) async throws(ResultsError)

    /// Brings a result that was put in place to where it is kept, and returns once its end may be committed.
    ///
    /// - Returns: Whether more may be taken in; if not, ``checkWritable(room:)`` says when and why.
    /// - Throws: ``ResultsError`` when it cannot be brought there, and is gone from its place.
    func deliver(_ result: FinishedResult) async throws(ResultsError) -> Bool
}

extension ResultsStore {
    /// Does nothing: what is put in place is kept there.
    public func deliver(_ result: FinishedResult) async throws(ResultsError) -> Bool { true }

    /// Checks that results can be written now.
    public func checkWritable() async throws(ResultsError) {
        try await checkWritable(room: .zero)
    }
}
