public import FoundationEssentials
internal import SandmillEntity

/// The members of a batch as a client reads them from a file of requests.
///
/// Each line of the file is a request, with its `id` and `level` beside it if the client chose
/// them. The membership is added to every request, so the size is that of the file.
public struct BatchDraft: Equatable, Sendable {
    /// What is wrong with the file, and where.
    public struct Problem: Error, Equatable, Sendable, CustomStringConvertible {
        /// The line, from 1.
        public let line: Int
        /// What is wrong with it.
        public let message: String

        /// The line and what is wrong with it.
        public var description: String { "line \(line): \(message)" }
    }

    /// The batch's id.
    public let id: UUID
    /// The members, in the order of the file.
    public let entries: [Submitter.Entry]

    /// Reads newline-delimited JSON.
    ///
    /// - Parameters:
    ///   - text: The file.
    ///   - id: The batch's id.
    ///   - template: What a line does not say: pool, level, tenant, reply queue.
    /// - Throws: ``Problem`` for the first line that cannot be a request, or for an empty file.
    public init(
        ndjson text: [UInt8],
        id: UUID,
        template: Submitter.Entry
    ) throws(Problem) {
        self.id = id
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated().filter { !$0.element.allSatisfy(\.isBlank) }
        guard !lines.isEmpty else { throw Problem(line: 1, message: "there is no request") }
        let batch: JSONValue = .object([
            "id": .string(id.text), "size": .integer(Int64(lines.count)),
        ])
        var entries: [Submitter.Entry] = []
        for (index, line) in lines {
            entries.append(
                try Self.entry(Array(line), line: index + 1, batch: batch, template: template)
            )
        }
        self.entries = entries
    }

    /// Makes a batch of requests that were drafted here.
    public init(_ drafts: [RequestDraft], id: UUID, template: Submitter.Entry) {
        self.id = id
        entries = drafts.map { draft in
            var member = draft
            member.batch = RequestDraft.Batch(id: id, size: drafts.count)
            var entry = template
            entry.id = UUID()
            entry.body = member.encoded()
            return entry
        }
    }

    private static func entry(
        _ text: [UInt8],
        line: Int,
        batch: JSONValue,
        template: Submitter.Entry
    ) throws(Problem) -> Submitter.Entry {
        guard
            case .object(var fields)? = try? JSONDecoder().decode(JSONValue.self, from: Data(text))
        else { throw Problem(line: line, message: "not a JSON object") }
        var entry = template
        entry.id = UUID()
        if let id = fields.removeValue(forKey: "id") {
            guard let uuid = id.string.flatMap(UUID.init(uuidString:)) else {
                throw Problem(line: line, message: "\"id\" is not a UUID")
            }
            entry.id = uuid
        }
        if let level = fields.removeValue(forKey: "level") {
            guard let named = level.string.flatMap(Level.init(rawValue:)) else {
                throw Problem(line: line, message: "\"level\" is not high, normal or low")
            }
            entry.level = named
        }
        fields["batch"] = batch
        entry.body = DocumentCoder.encode(JSONValue.object(fields))
        return entry
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool {
        self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") || self == UInt8(ascii: "\r")
    }
}
