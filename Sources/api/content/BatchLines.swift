internal import FoundationEssentials
internal import SandmillEntity
internal import SandmillService

/// A batch as lines of JSON: each an execution of `"executions"`.
struct BatchLines {
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private let lines: [[UInt8]]

    /// Reads newline-delimited JSON; blank lines count for nothing.
    ///
    /// A line that is no JSON is a member all the same, its text, which is refused as such.
    ///
    /// - Throws: ``Problem`` for a line that is out of the bounds of a batch, by its number from 1;
    ///   for more lines than a batch has executions; and for a text none of whose lines is an
    ///   object, which is something else.
    init(_ text: [UInt8]) throws(Problem) {
        var lines: [[UInt8]] = []
        var hasObject = false
        var strange: Int?
        let text = text.starts(with: Self.byteOrderMark) ? text.dropFirst(3) : text[...]
        let all = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in all.enumerated() {
            let content = Array(line.drop(while: \.isBlank))
            guard !content.isEmpty else { continue }
            guard lines.count < BatchLimits.members else {
                throw Problem(
                    .invalidRequest,
                    "more than the \(BatchLimits.members) executions that a batch may have"
                )
            }
            if let violation = BatchLimits.violation(in: content) {
                throw Problem(.tooLarge, "line \(index + 1): \(violation)")
            }
            if (try? JSONDecoder().decode(JSONValue.self, from: Data(content))) != nil {
                hasObject = hasObject || content.first == UInt8(ascii: "{")
                lines.append(content)
            } else {
                strange = strange ?? index + 1
                lines.append(DocumentBody.encode(String(decoding: content, as: UTF8.self)))
            }
        }
        guard lines.isEmpty || hasObject else {
            let detail = strange.map { "; line \($0) is no JSON" } ?? ""
            throw Problem(.invalidRequest, "no line is a JSON object\(detail)")
        }
        self.lines = lines
    }

    /// The batch as one document.
    func document(pool: String, level: Level) -> [UInt8] {
        let head = #"{"pool":"\#(pool)","level":"\#(level.rawValue)","executions":["#
        var document = Array(head.utf8)
        for (index, line) in lines.enumerated() {
            if index > 0 { document.append(UInt8(ascii: ",")) }
            document += line
        }
        return document + Array("]}".utf8)
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool {
        self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") || self == UInt8(ascii: "\r")
    }
}
