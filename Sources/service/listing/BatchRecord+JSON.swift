internal import FoundationEssentials
internal import SandmillEntity

extension BatchRecord {
    /// Where it is.
    public var state: BatchFilter.State { pending == 0 ? .completed : .running }

    /// The fields of ``json``, in the order in which a table has them.
    public static let fields = [
        "id", "tenant", "pool", "state", "size", "pending", "refused", "counts", "submitted_at",
        "finished_at",
    ]

    /// The record as a document for programs.
    public var json: JSONValue {
        let counts = counts.map { ($0.key.rawValue, JSONValue.integer(Int64($0.value))) }
        return .object([
            "id": .string(id.text),
            "tenant": .string(tenant),
            "pool": .string(pool),
            "state": .string(state.rawValue),
            "size": .integer(Int64(size)),
            "pending": .integer(Int64(pending)),
            "refused": .integer(Int64(refused)),
            "counts": .object(Dictionary(uniqueKeysWithValues: counts)),
            "submitted_at": .string(DocumentCoder.text(submittedAt)),
            "finished_at": .optional(finishedAt.map(DocumentCoder.text)),
        ])
    }
}
