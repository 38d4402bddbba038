/// Asks workers to drain: a row first, then a hint.
///
/// A worker looks at its row every ten seconds; the hint only makes it look at once.
public struct WorkerDrains: Sendable {
    private let directory: any WorkerDirectory
    private let relay: Relay?
    private let audit: any AuditLog

    /// Describes it.
    ///
    /// - Parameters:
    ///   - directory: Where the rows are.
    ///   - relay: What publishes hints; nil for none.
    ///   - audit: Where it is noted who asked.
    public init(directory: any WorkerDirectory, relay: Relay?, audit: any AuditLog) {
        self.directory = directory
        self.relay = relay
        self.audit = audit
    }

    /// Asks a worker to take nothing more, or to take again; see ``WorkerDirectory/drain(worker:isWanted:)``.
    ///
    /// - Parameters:
    ///   - worker: The worker's name.
    ///   - isWanted: Whether it is to take nothing more.
    ///   - actor: Who asks, for people.
    /// - Returns: The worker as it is then; nil where there is none with this name.
    /// - Throws: ``StoreError``.
    public func drain(
        worker: String,
        isWanted: Bool,
        by actor: String
    ) async throws(StoreError) -> WorkerRecord? {
        let record = try await directory.drain(worker: worker, isWanted: isWanted)
        guard let record else { return nil }
        await relay?.hint(ControlMessage(drain: worker))
        try await audit.note(
            Act(
                actor: actor,
                action: isWanted ? "drain" : "undrain",
                target: "worker",
                subject: worker
            )
        )
        return record
    }
}
