internal import FoundationEssentials
internal import SandmillEntity
internal import SandmillService

/// How far a batch is.
struct BatchBody: Encodable {
    private let record: BatchRecord

    init(_ record: BatchRecord) {
        self.record = record
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(record.id.text, forKey: .id)
        try container.encode(record.tenant, forKey: .tenant)
        try container.encode(record.pool, forKey: .pool)
        try container.encode(record.pending == 0 ? "completed" : "running", forKey: .state)
        try container.encode(record.size, forKey: .size)
        try container.encode(record.pending, forKey: .pending)
        try container.encode(record.refused, forKey: .refused)
        let counts = Dictionary(
            uniqueKeysWithValues: record.counts.map { ($0.key.rawValue, $0.value) }
        )
        try container.encode(counts, forKey: .counts)
        try container.encode(record.submittedAt, forKey: .submittedAt)
        try container.encode(record.finishedAt, forKey: .finishedAt)
    }

    private enum CodingKeys: String, CodingKey {
        case id
        case tenant
        case pool
        case state
        case size
        case pending
        case refused
        case counts
        case submittedAt = "submitted_at"
        case finishedAt = "finished_at"
    }
}

/// What is told of a batch that was taken in.
struct AcceptedBatchBody: Encodable {
    let id: String
    let size: Int
    /// How many are dead letters; not told of a batch that was known already.
    let refused: Int?

    init(_ batch: AdmittedBatch) {
        id = batch.id.text
        size = batch.size
        refused = batch.refused
    }
}

/// What is told of a batch that is to end: how many of its members have not.
struct CancelledBatchBody: Encodable {
    let id: String
    let pending: Int

    init(_ id: UUID, pending: Int) {
        self.id = id.text
        self.pending = pending
    }
}
