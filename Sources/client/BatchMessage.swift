public import FoundationEssentials
public import SandmillEntity
public import SandmillService

/// A batch as one message.
///
/// What all members have alike, such as the program of many inputs or the test cases of many
/// programs, is in it once.
public struct BatchMessage: Equatable, Sendable {
    /// Why a batch cannot be one message.
    public struct Misfit: Error, Equatable, Sendable {
        /// The reason, behind "the batch".
        public let reason: String

        /// Gives a reason.
        public init(reason: String) {
            self.reason = reason
        }
    }

    /// The message.
    public let message: RequestMessage

    /// Packs a batch.
    ///
    /// - Parameters:
    ///   - draft: The batch.
    ///   - entries: Its members with their ids, see ``BatchDraft/entries(id:ids:template:)``.
    ///   - id: Its id.
    ///   - maximumRunning: How many of its members may run at once; nil for no limit of its own.
    ///   - limit: The longest body that is read.
    /// - Throws: ``Misfit`` for one that has more than a message may have.
    public init(
        _ draft: BatchDraft,
        entries: [Submitter.Entry],
        id: UUID,
        maximumRunning: Int?,
        limit: ByteCount
    ) throws(Misfit) {
        guard let first = entries.first, entries.allSatisfy({ $0.level == first.level }) else {
            throw Misfit(reason: "has members of different levels")
        }
        guard entries.count <= BatchLimits.members else {
            throw Misfit(reason: "has more than \(BatchLimits.members) members")
        }
        guard entries.reduce(0, { $0 + $1.body.count }) <= BatchLimits.bytes else {
            throw Misfit(reason: "has more than \(BatchLimits.bytes) bytes in all")
        }
        let common = Self.common(draft.members)
        var fields: [String: JSONValue] = [
            "pool": .string(first.pool),
            "level": .string(first.level.rawValue),
            "defaults": .object(common),
            "executions": .array(
                zip(draft.members, entries).map { member, entry in
                    var own = member.fields.filter { common[$0.key] == nil }
                    own["id"] = .string(entry.id.text)
                    return .object(own)
                }
            ),
        ]
        fields["max_running"] = maximumRunning.map { .integer(Int64($0)) }
        let body = DocumentCoder.encode(JSONValue.object(fields))
        guard ByteCount(body.count) <= limit else {
            throw Misfit(reason: "has \(body.count) bytes, above the \(limit.bytes) of a message")
        }
        if let violation = BatchLimits.violation(in: body) {
            throw Misfit(reason: "is \(violation)")
        }
        var request = first
        request.id = id
        request.body = body
        message = request.message
    }

    /// The fields that every member has, and alike.
    private static func common(_ members: [BatchDraft.Member]) -> [String: JSONValue] {
        guard var common = members.first?.fields else { return [:] }
        for member in members.dropFirst() {
            common = common.filter { member.fields[$0.key] == $0.value }
        }
        return common
    }
}
