internal import FoundationEssentials
internal import SandmillEntity
internal import SandmillService

/// A batch as lines of JSON: each an execution of `"executions"`.
struct BatchLines {
    private let lines: [ArraySlice<UInt8>]

    /// Reads newline-delimited JSON; blank lines count for nothing.
    ///
    /// - Throws: ``Problem`` for a line that is no JSON, or out of the bounds of a batch, by its
    ///   number from 1; for more lines than a batch has executions; and for a text none of whose
    ///   lines is an object, which is something else.
    init(_ text: [UInt8]) throws(Problem) {
        var lines: [ArraySlice<UInt8>] = []
        let all = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in all.enumerated() {
            let content = line.drop(while: \.isBlank)
            guard !content.isEmpty else { continue }
            guard lines.count < BatchLimits.members else {
                throw Problem(
                    .invalidRequest,
                    "more than the \(BatchLimits.members) executions that a batch may have"
                )
            }
            if let violation = BatchLimits.violation(in: Array(content)) {
                throw Problem(.tooLarge, "line \(index + 1): \(violation)")
            }
            guard (try? JSONDecoder().decode(JSONValue.self, from: Data(content))) != nil else {
                throw Problem(.invalidRequest, "line \(index + 1) is no JSON")
            }
            lines.append(content)
        }
        guard lines.isEmpty || lines.contains(where: { $0.first == UInt8(ascii: "{") }) else {
            throw Problem(.invalidRequest, "no line is a JSON object")
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
