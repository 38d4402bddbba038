internal import FoundationEssentials
internal import SandmillEntity

extension ExecutionRecord {
    /// Where it is, as a document for programs; see ``told``.
    public var json: JSONValue {
        let told = told
        return .object([
            "id": .string(told.id.text),
            "tenant": .string(told.tenant),
            "pool": .string(told.pool),
            "level": .string(told.level.rawValue),
            "state": .string(told.state.rawValue),
            "reason": .optional(told.reason),
            "attempt": .integer(Int64(told.attempt)),
            "worker": .optional(told.worker),
            "batch_id": .optional(told.batchID?.text),
            "rerun_of": .optional(told.rerunOf?.text),
            "submitted_at": .string(DocumentCoder.text(told.submittedAt)),
            "started_at": .optional(told.startedAt.map(DocumentCoder.text)),
            "finished_at": .optional(told.finishedAt.map(DocumentCoder.text)),
        ])
    }
}
