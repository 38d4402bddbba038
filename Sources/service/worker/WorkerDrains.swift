/// Asks workers to drain: a row first, then a hint.
///
/// A worker looks at its row every ten seconds; the hint only makes it look at once.
public struct WorkerDrains: Sendable {
    private let directory: any WorkerDirectory
    private let relay: Relay?

    /// Describes it.
    ///
    /// - Parameters:
    ///   - directory: Where the rows are.
    ///   - relay: What publishes hints; nil for none.
    public init(directory: any WorkerDirectory, relay: Relay?) {
        self.directory = directory
        self.relay = relay
    }

    /// Asks a worker to take nothing more, or to take again; see ``WorkerDirectory/drain(worker:isWanted:)``.
    public func drain(worker: String, isWanted: Bool) async throws(StoreError) -> WorkerRecord? {
        let record = try await directory.drain(worker: worker, isWanted: isWanted)
        if record != nil { await relay?.hint(ControlMessage(drain: worker)) }
        return record
    }
}
