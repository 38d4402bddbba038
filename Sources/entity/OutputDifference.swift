/// Where the output of a case first differs from what is expected of it.
///
/// Lines and columns count from 1, columns in characters (Unicode scalars), in the output as it was written
/// but for a byte order mark at its beginning. What is shown of the two is the line, or with ``OutputComparison/tokens``
/// and ``OutputComparison/numbers(tolerance:)`` the word, in which the difference is.
public struct OutputDifference: Equatable, Sendable, Decodable {
    /// The line.
    public var line: Int
    /// The character in it.
    public var column: Int
    /// What was expected there; nil where nothing more was, or where it is not to be told.
    public var expected: String?
    /// What came; nil where the output had ended, or where it is not to be told.
    public var got: String?

    /// The most bytes of each of the texts, in UTF-8, without the marks for what was cut.
    public static let textLength = 160
    /// As many bytes as may become a text of that length.
    static let sourceLength = textLength * 4
    /// Where a text begins that would be too long: so many bytes before the difference.
    private static let context = 32

    /// Describes a difference.
    public init(line: Int, column: Int, expected: String?, got: String?) {
        self.line = line
        self.column = column
        self.expected = expected
        self.got = got
    }

    /// Describes a difference of two texts whose beginning is the same.
    ///
    /// - Parameters:
    ///   - expected: All that is expected.
    ///   - position: Where what came parts with it.
    ///   - rest: What came from there to the end of its line; nil when that is the end of all.
    ///   - showsNewlines: Whether what ends a line is part of what is told of it.
    init(in expected: [UInt8], at position: Int, rest: [UInt8]?, showsNewlines: Bool = false) {
        let start = expected[..<position].lastIndex(of: newline).map { $0 + 1 } ?? 0
        var end = expected[position...].firstIndex(of: newline) ?? expected.count
        if showsNewlines, end < expected.count { end += 1 }
        // Two characters may differ in their last byte alone.
        var place = position
        let bytes = [position < expected.count ? expected[position] : 0, rest?.first ?? 0]
        if bytes.contains(where: \.isContinuation) {
            while place > start, expected[place - 1].isContinuation { place -= 1 }
            if place > start { place -= 1 }
        }
        line = 1 + expected[..<start].count { $0 == newline }
        column = 1 + expected[start..<place].count { !$0.isContinuation }
        let isInLine = start < position
        self.expected =
            isInLine || position < expected.count
            ? Self.text(expected[start..<end], around: place - start) : nil
        got =
            isInLine || rest != nil
            ? Self.text(expected[start..<position] + (rest ?? []), around: place - start) : nil
    }

    /// What of it may be told; nil for nothing.
    public func revealed(by reveal: Reveal) -> OutputDifference? {
        switch reveal {
        case .none: nil
        case .position: OutputDifference(line: line, column: column, expected: nil, got: nil)
        case .difference: self
        }
    }

    /// The part of a line around a place in it, as it may stand anywhere: what is no character is U+FFFD, and
    /// what would not be seen as what it is, such as a tab or an escape sequence, is written as in Swift.
    static func text(_ line: some RandomAccessCollection<UInt8>, around place: Int = 0) -> String {
        var start = place > 2 * context ? place - context : 0
        while start > 0, line.dropFirst(start).first?.isContinuation == true { start -= 1 }
        let source = String(
            decoding: line.dropFirst(start).prefix(sourceLength),
            as: UTF8.self
        )
        var text = start > 0 ? "…" : ""
        var room = textLength
        for scalar in source.unicodeScalars {
            let shown = scalar.visible
            room -= shown.utf8.count
            guard room >= 0 else { return text + "…" }
            text += shown
        }
        return text
    }
}

extension OutputDifference: Encodable {
    private enum CodingKeys: String, CodingKey {
        case line
        case column
        case expected
        case got
    }

    /// Writes every key, null where there is no value.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(line, forKey: .line)
        try container.encode(column, forKey: .column)
        try container.encode(expected, forKey: .expected)
        try container.encode(got, forKey: .got)
    }
}

/// How much a result tells of a wrong answer.
public enum Reveal: String, CaseIterable, Sendable {
    /// That it is one.
    case none
    /// And where it differs first: no byte of what is expected, though who may submit often can learn from it.
    case position
    /// And what is there, and what should be.
    case difference

    /// What a request gets that does not say.
    public static let standard = position
}

private let newline = UInt8(ascii: "\n")

extension UInt8 {
    /// Whether it is a byte of a character that is not its first (RFC 3629, section 3).
    var isContinuation: Bool { self & 0xC0 == 0x80 }
}

extension Unicode.Scalar {
    fileprivate var visible: String {
        switch self {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        case "\\": "\\\\"
        default:
            switch properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                "\\u{\(String(value, radix: 16))}"
            default: String(Character(self))
            }
        }
    }
}
