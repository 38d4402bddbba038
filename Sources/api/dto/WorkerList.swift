internal import FoundationEssentials
internal import SandmillEntity
public import SandmillService

/// The workers, as lists tell them.
public struct WorkerList: Encodable {
    private let workers: [Worker]

    /// Describes them.
    public init(_ records: [WorkerRecord]) {
        workers = records.map(Worker.init)
    }

    /// The same as a table, a row a worker.
    public var table: CSVTable {
        CSVTable(
            [
                "id", "state", "version", "running", "claimed", "slots", "sandboxes",
                "unacknowledged",
                "registered_at", "expires_at", "draining_since", "drained_at",
                "runtimes",
            ],
            rows: workers.map { worker in
                let record = worker.record
                return [
                    .text(record.id), .text(record.state.rawValue), .text(record.version),
                    .init(number: record.running), .init(number: record.claimed),
                    .text(record.slots.words), .text(record.sandboxes.words),
                    .init(number: record.unacknowledged.values.reduce(0, +)),
                    .init(time: record.registeredAt), .init(time: record.expiresAt),
                    .init(time: record.drainingSince), .init(time: record.drainedAt),
                    .text(record.runtimes.words),
                ]
            }
        )
    }
}

/// One worker.
struct Worker: Encodable {
    let record: WorkerRecord

    init(_ record: WorkerRecord) {
        self.record = record
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(record.id, forKey: .id)
        try container.encode(record.version, forKey: .version)
        try container.encode(record.state.rawValue, forKey: .state)
        try container.encode(record.registeredAt, forKey: .registeredAt)
        try container.encode(record.expiresAt, forKey: .expiresAt)
        try container.encode(record.drainingSince, forKey: .drainingSince)
        try container.encode(record.drainedAt, forKey: .drainedAt)
        try container.encode(record.running, forKey: .running)
        try container.encode(record.claimed, forKey: .claimed)
        try container.encode(record.slots, forKey: .slots)
        try container.encode(record.runtimes, forKey: .runtimes)
        try container.encode(record.sandboxes, forKey: .sandboxes)
        try container.encode(record.unacknowledged, forKey: .unacknowledged)
    }

    private enum CodingKeys: String, CodingKey {
        case id
        case version
        case state
        case registeredAt = "registered_at"
        case expiresAt = "expires_at"
        case drainingSince = "draining_since"
        case drainedAt = "drained_at"
        case running
        case claimed
        case slots
        case runtimes
        case sandboxes
        case unacknowledged
    }
}

extension [String: Int] {
    /// Counts by name on one line.
    var words: String {
        sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }
}

extension [String: [String]] {
    /// Names by name on one line.
    var words: String {
        sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.joined(separator: " "))" }
            .joined(separator: ", ")
    }
}

extension CSVTable.Value {
    /// A time in RFC 3339 with milliseconds, as documents have it; nothing for nil.
    init(time: Date?) {
        self.init(
            text: time.map {
                $0.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
            }
        )
    }
}
