internal import FoundationEssentials
internal import SandmillEntity
internal import SandmillService

/// Where an execution is.
struct ExecutionBody: Encodable {
    private let record: ExecutionRecord

    init(_ record: ExecutionRecord) {
        self.record = record
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(record.id.text, forKey: .id)
        try container.encode(record.tenant, forKey: .tenant)
        try container.encode(record.pool, forKey: .pool)
        try container.encode(record.level, forKey: .level)
        try container.encode(record.state, forKey: .state)
        try container.encode(record.reason, forKey: .reason)
        try container.encode(record.attempt, forKey: .attempt)
        try container.encode(record.batchID?.text, forKey: .batchID)
        try container.encode(record.rerunOf?.text, forKey: .rerunOf)
        try container.encode(record.submittedAt, forKey: .submittedAt)
        try container.encode(record.startedAt, forKey: .startedAt)
        try container.encode(record.finishedAt, forKey: .finishedAt)
    }

    private enum CodingKeys: String, CodingKey {
        case id
        case tenant
        case pool
        case level
        case state
        case reason
        case attempt
        case batchID = "batch_id"
        case rerunOf = "rerun_of"
        case submittedAt = "submitted_at"
        case startedAt = "started_at"
        case finishedAt = "finished_at"
    }
}
