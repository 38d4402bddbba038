public import FoundationEssentials
public import SandmillEntity
public import SandmillService

/// The members of a batch as a client has them, before they have ids.
///
/// The size of the batch is added to every request, so it is that of the draft.
public struct BatchDraft: Equatable, Sendable {
    /// The most members of a batch, see the contract of a request.
    public static let maximumSize = 1_000_000

    /// A request of the batch.
    public struct Member: Equatable, Sendable {
        /// The id that the client chose for it.
        public var id: UUID?
        /// Its level.
        public var level: Level
        /// What a mistake in it is told about.
        public var name: String
        /// The request, without its id, its level and its batch.
        public var fields: [String: JSONValue]

        /// The request as bytes, the same for the same request: keys in order, no spaces.
        public var canonical: [UInt8] { DocumentCoder.encode(JSONValue.object(fields)) }

        /// The request as a member of a batch.
        func body(of batch: UUID, size: Int) -> [UInt8] {
            var member = fields
            member["batch"] = .object([
                "id": .string(batch.text), "size": .integer(Int64(size)),
            ])
            return DocumentCoder.encode(JSONValue.object(member))
        }
    }

    /// What is wrong with a file of requests, and where.
    public struct Problem: Error, Equatable, Sendable, CustomStringConvertible {
        /// The line, from 1.
        public let line: Int
        /// What is wrong with it.
        public let message: String

        /// The line and what is wrong with it.
        public var description: String { "line \(line): \(message)" }
    }

    /// The members, in the order in which they came.
    public let members: [Member]

    /// Reads newline-delimited JSON: a request a line, with its `id` and `level` beside it if the
    /// client chose them.
    ///
    /// - Parameters:
    ///   - text: The file.
    ///   - level: The level of a line that does not say its own.
    /// - Throws: ``Problem`` for the first line that cannot be a request or has the id of one before
    ///   it, for an empty file and for one of more lines than a batch may have.
    public init(ndjson text: [UInt8], level: Level) throws(Problem) {
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated().filter { !$0.element.allSatisfy(\.isBlank) }
        guard !lines.isEmpty else { throw Problem(line: 1, message: "there is no request") }
        var members: [Member] = []
        var ids: Set<UUID> = []
        for (index, line) in lines {
            guard members.count < Self.maximumSize else {
                throw Problem(
                    line: index + 1,
                    message: "more than the \(Self.maximumSize) requests that a batch may have"
                )
            }
            let member = try Self.member(Array(line), line: index + 1, level: level)
            if let id = member.id, !ids.insert(id).inserted {
                throw Problem(line: index + 1, message: "\"id\" is that of a line before it")
            }
            members.append(member)
        }
        self.members = members
    }

    /// Makes a batch of members of another.
    init(_ members: [Member]) {
        self.members = members
    }

    /// Makes a batch of requests that were drafted here, with their names.
    public init(_ drafts: [(name: String, request: RequestDraft)], level: Level) {
        members = drafts.map { draft in
            Member(id: nil, level: level, name: draft.name, fields: draft.request.fields)
        }
    }

    /// The members as requests of their own.
    ///
    /// - Parameters:
    ///   - id: The batch's id.
    ///   - ids: One for each member, in their order.
    ///   - template: Pool, tenant and reply queue.
    /// - Returns: The requests, in the order of the members.
    public func entries(
        id: UUID,
        ids: [UUID],
        template: Submitter.Entry
    ) -> [Submitter.Entry] {
        zip(members, ids).map { member, memberID in
            var entry = template
            entry.id = memberID
            entry.level = member.level
            entry.body = member.body(of: id, size: members.count)
            return entry
        }
    }

    private static func member(
        _ text: [UInt8],
        line: Int,
        level: Level
    ) throws(Problem) -> Member {
        guard
            case .object(let fields)? = try? JSONDecoder().decode(JSONValue.self, from: Data(text))
        else { throw Problem(line: line, message: "not a JSON object") }
        var member = Member(id: nil, level: level, name: "line \(line)", fields: fields)
        member.fields["batch"] = nil
        if let id = member.fields.removeValue(forKey: "id") {
            guard let uuid = id.string.flatMap(UUID.init(text:)) else {
                throw Problem(line: line, message: "\"id\" is not a UUID")
            }
            member.id = uuid
        }
        if let level = member.fields.removeValue(forKey: "level") {
            guard let named = level.string.flatMap(Level.init(rawValue:)) else {
                throw Problem(line: line, message: "\"level\" is not high, normal or low")
            }
            member.level = named
        }
        return member
    }
}

extension RequestDraft {
    /// The fields of the message's body.
    var fields: [String: JSONValue] {
        guard
            case .object(let fields)? = try? JSONDecoder().decode(
                JSONValue.self,
                from: Data(encoded())
            )
        else { preconditionFailure("a request of ours is no JSON object") }
        return fields
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool {
        self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") || self == UInt8(ascii: "\r")
    }
}
