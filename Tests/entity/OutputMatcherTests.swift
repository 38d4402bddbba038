import SandmillEntity
import TestSupport
import Testing

/// Output against what is expected, in every way of comparing.
@Suite("OutputMatcher", .timeLimit(.minutes(5)))
struct OutputMatcherTests {
    struct Comparison: Sendable, CustomTestStringConvertible {
        let way: String
        let output: String
        let expected: String
        let isMatch: Bool

        init(_ way: String, _ output: String, _ expected: String, _ isMatch: Bool) {
            self.way = way
            self.output = output
            self.expected = expected
            self.isMatch = isMatch
        }

        var testDescription: String { "\(way): \(output.debugDescription)" }
    }

    private static let comparisons: [Comparison] = [
        Comparison("exact", "5\n", "5\n", true),
        Comparison("exact", "5", "5\n", false),
        Comparison("exact", "5\n\n", "5\n", false),
        Comparison("exact", "", "", true),
        Comparison("exact", "", "\n", false),
        Comparison("lines", "5", "5\n", true),
        Comparison("lines", "5\n", "5", true),
        Comparison("lines", "5 \t\r\n", "5\n", true),
        Comparison("lines", "5\n\n", "5\n", true),
        Comparison("lines", "5", "5\n \n\r\n", true),
        Comparison("lines", "5\n\n\n6", "5\n\n6", false),
        Comparison("lines", "5\n\n6", "5\n\n\n6", false),
        Comparison("lines", "\n5", "5", false),
        Comparison("lines", "5\n  ", "5", true),
        Comparison("lines", " 5", "5", false),
        Comparison("lines", "1  2", "1 2", false),
        Comparison("lines", "1 \t 2", "1 \t 2 ", true),
        Comparison("lines", "1\n\n2", "1\n \n2\n", true),
        Comparison("lines", "1\n2", "1 2", false),
        Comparison("lines", "", "\n", true),
        Comparison("lines", "", "\n\n", true),
        Comparison("lines", "", "5", false),
        Comparison("lines", "5", "", false),
        Comparison("tokens", " 1\n\t2\u{B}\u{C}\r3 ", "1 2 3", true),
        Comparison("tokens", "12 3", "1 23", false),
        Comparison("tokens", "1 2", "1 2 3", false),
        Comparison("tokens", "1 2 3", "1 2", false),
        Comparison("tokens", "", " \n", true),
        Comparison("tokens", "1.0", "1", false),
        Comparison("tokens", "yes", "Yes", false),
        Comparison("float:1e-6", "1.0000001", "1", true),
        Comparison("float:1e-6", "1.00001", "1", false),
        Comparison("float:1e-6", "1000000.5", "1000000", true),
        Comparison("float:1e-6", "x 2.50 y", "x 25e-1 y", true),
        Comparison("float:1e-6", "-0", "0.0", true),
        Comparison("float:1e-6", "+.5 5.", "0.5 5", true),
        Comparison("float:0", "0.1", "0.10", true),
        Comparison("float:0", "0.1", "0.1000001", false),
        Comparison("float:1", "1e308", "-1e308", false),
        Comparison("float:1e-3", "0.701", "0.7", true),
        Comparison("float:1e-3", "0.699", "0.7", true),
        Comparison("float:1e-3", "0.7010000000000000000000001", "0.7", false),
        Comparison("float:0.1", "0.3", "0.2", true),
        Comparison("float:0.1", "-0.05", "0.05", true),
        Comparison("float:0.1", "-0.06", "0.05", false),
        Comparison("float:0.1", "110", "100", true),
        Comparison("float:0.1", "90", "100", true),
        Comparison("float:0.1", "110.0000000000001", "100", false),
        Comparison("float:0.1", "100", "110.0", true),
        Comparison("float:1e-9", "12345678901234567890", "12345678901234567891", true),
        Comparison("float:0", "12345678901234567890", "12345678901234567891", false),
        Comparison("float:0", "1e400", "10e399", true),
        Comparison("float:1e-6", "1e-999999", "0", true),
        Comparison("float:0", "1e-999999", "0", false),
        Comparison("float:1e-6", "1000001e999990", "1e999996", true),
        Comparison("float:1e-6", "1000002e999990", "1e999996", false),
        Comparison("float:1", "0e999999999", "-0.0e-999999999", true),
        Comparison("float:1e-6", "1e000000000005", "100000", true),
        Comparison("exact", "\u{FEFF}5", "5", false),
        Comparison("exact", "5\r\n", "5\n", false),
        Comparison("lines", "5\n6", "\u{FEFF}5\r\n6\r\n", true),
        Comparison("lines", "\u{FEFF}5\n6", "5\n6", true),
        Comparison("lines", "5\u{FEFF}", "5", false),
        Comparison("lines", "", "\u{FEFF}", true),
        Comparison("lines", "\u{FEFF}\u{FEFF}5", "5", false),
        Comparison("tokens", "\u{FEFF}5 6", "5\r\n6\r\n", true),
        Comparison("float:1e-3", "0.701", "\u{FEFF}0.7\r\n", true),
        Comparison("float:1e-6", "1 2", "1 2 3", false),
        Comparison("float:1e-6", "1 2 3", "1 2", false),
        Comparison("float:1e-6", "1", "", false),
        Comparison("float:1e-6", "", "1", false),
        Comparison("float:1e-6", "Yes", "yes", false),
    ]

    @Test(arguments: comparisons)
    func whatCountsIsTheRuleOfTheWay(_ test: Comparison) throws {
        #expect(try matches(test.way, test.output, test.expected) == test.isMatch)
    }

    /// A word is equal to itself alone: what libraries read as numbers beyond numbers are words.
    @Test(
        arguments: [
            "nan", "NaN", "-nan", "inf", "Infinity", "1e9999999999", "-1e9999999999", "0x10", "1e",
            ".", "1_000", "1,5",
        ],
        ["0", "1", "inf", "nan", "1e308", "1e999999999", "16", "1e-999999", "1000", "1.5"]
    )
    func whatIsNoNumberEqualsNoNumber(word: String, other: String) throws {
        #expect(try matches("float:1", word, word))
        #expect(try matches("float:1", word, other) == (word == other))
        #expect(try matches("float:1", other, word) == (word == other))
    }

    struct Difference: Sendable, CustomTestStringConvertible {
        let way: String
        let output: String
        let expected: String
        let difference: OutputDifference

        /// The place is the line and the column, with a point between them.
        init(
            _ way: String,
            _ output: String,
            _ expected: String,
            at place: String,
            _ wanted: String?,
            _ got: String?
        ) {
            self.way = way
            self.output = output
            self.expected = expected
            let numbers = place.split(separator: ".").compactMap { Int($0) }
            difference = OutputDifference(
                line: numbers[0],
                column: numbers[1],
                expected: wanted,
                got: got
            )
        }

        var testDescription: String {
            "\(way): \(output.debugDescription) for \(expected.debugDescription)"
        }
    }

    private static let differences: [Difference] = [
        Difference("lines", "1\nab", "1\nac\n2", at: "2.2", "ac", "ab"),
        Difference("lines", "ab", "a", at: "1.2", "a", "ab"),
        Difference("lines", "a\nb", "ab\nb", at: "1.2", "ab", "a"),
        Difference("lines", "a  \nb", "a  b\nb", at: "1.2", "a  b", "a"),
        Difference("lines", "a", "ab", at: "1.2", "ab", "a"),
        Difference("lines", "a", "a\nb\n", at: "2.1", "b", nil),
        Difference("lines", "a\n", "a\n\n b\n", at: "3.1", " b", nil),
        Difference("lines", "", "5", at: "1.1", "5", nil),
        Difference("lines", " \n", "\n5", at: "2.1", "5", nil),
        Difference("lines", "a\nb\n", "a", at: "2.1", nil, "b"),
        Difference("lines", "a\n\n  b \nc", "a", at: "3.1", nil, "  b"),
        Difference("lines", "5", "", at: "1.1", nil, "5"),
        Difference("lines", "\n5", "", at: "2.1", nil, "5"),
        Difference("lines", "\n5", "5", at: "1.1", "5", ""),
        Difference("lines", "5", "\n5", at: "1.1", "", "5"),
        Difference("lines", "a\n\nb", "a\nb", at: "2.1", "b", ""),
        Difference("lines", "1 \t 2  ", "1   2", at: "1.3", "1   2", "1 \\t 2"),
        Difference("lines", "1  2\r\n", "1 2", at: "1.3", "1 2", "1  2"),
        Difference("lines", "  5", "5", at: "1.1", "5", "  5"),
        Difference("lines", "äöx", "äöü", at: "1.3", "äöü", "äöx"),
        Difference("lines", "aè!", "aé!", at: "1.2", "aé!", "aè!"),
        Difference("lines", "\u{FEFF}6", "5", at: "1.1", "5", "6"),
        Difference("lines", "a\u{0}\u{1B}[m\\", "a", at: "1.2", "a", "a\\u{0}\\u{1b}[m\\\\"),
        Difference("exact", "5", "5\n", at: "1.2", "5\\n", "5"),
        Difference("exact", "5\n", "5", at: "1.2", "5", "5\\n"),
        Difference("exact", "5\n6\n", "5\n", at: "2.1", nil, "6\\n"),
        Difference("exact", "5\n", "5\n6", at: "2.1", "6", nil),
        Difference("exact", "5\r\n6", "5\n6", at: "1.2", "5\\n", "5\\r\\n"),
        Difference("exact", "", "x", at: "1.1", "x", nil),
        Difference("exact", "ab\n", "ax\ncd", at: "1.2", "ax\\n", "ab\\n"),
        Difference("tokens", "1\n 2  3", "1 2 4", at: "2.5", "4", "3"),
        Difference("tokens", "12 3", "1 23", at: "1.1", "1", "12"),
        Difference("tokens", "1 2", "1 23", at: "1.3", "23", "2"),
        Difference("tokens", "1 ", "1 2", at: "1.3", "2", nil),
        Difference("tokens", "1\n", "1 2", at: "2.1", "2", nil),
        Difference("tokens", "1 2", "1", at: "1.3", nil, "2"),
        Difference("tokens", "ää x", "ää y", at: "1.4", "y", "x"),
        Difference("float:1e-3", "0.7 0.702", "0.7 0.7", at: "1.5", "0.7", "0.702"),
        Difference("float:1e-3", "nan", "0.7", at: "1.1", "0.7", "nan"),
    ]

    @Test(arguments: differences)
    func aWrongAnswerIsToldByItsPlaceHoweverItComes(_ test: Difference) throws {
        for pieces in [1, 2, 3, 100] {
            #expect(
                try difference(
                    test.way,
                    Array(test.output.utf8),
                    Array(test.expected.utf8),
                    pieces: pieces
                ) == test.difference
            )
        }
    }

    @Test(arguments: ["exact", "lines", "tokens", "float:0"])
    func longLinesAreCutAroundTheirDifference(way: String) throws {
        let same = String(repeating: "é", count: 5_000)
        let long = same + "x" + same
        let found = try #require(
            try difference(way, Array((same + "y" + same).utf8), Array(long.utf8), pieces: 999)
        )
        let isWord = way == "tokens" || way == "float:0"
        #expect(found.column == (isWord ? 1 : 5_001))
        for text in [found.expected, found.got] {
            let text = try #require(text)
            #expect(text.utf8.count <= OutputDifference.textLength + 2 * "…".utf8.count)
            #expect(text.hasSuffix("é…"))
            #expect(text.hasPrefix("…é") == !isWord)
            #expect(text.contains("x") != (text.contains("y") || isWord))
        }
    }

    @Test(arguments: ["exact", "lines", "tokens", "float:1e-9"])
    func bytesThatAreNoTextAreCompared(way: String) throws {
        let bytes: [UInt8] = [0, 0xFF, 0xC0, 0x80, 0xED, 0xA0, 0x80, 0]
        #expect(try matches(way, bytes, bytes))
        #expect(try !matches(way, bytes, Array(bytes.dropLast())))
        #expect(try !matches(way, Array(bytes.dropLast()), bytes))
    }

    /// Of a way that remembered what it saw, or looked at it again, this would be the end.
    @Test(
        arguments: ["exact", "lines", "tokens", "float:1e-9"],
        [UInt8(ascii: "7"), UInt8(ascii: " "), UInt8(ascii: "\n"), 0]
    )
    func outputOfOneByteOverAndOverIsComparedInLinearTime(way: String, byte: UInt8) throws {
        let comparison = try #require(OutputComparison(way))
        let long = [UInt8](repeating: byte, count: 1 << 20)
        var (same, other) = (
            OutputMatcher(expected: long, by: comparison),
            OutputMatcher(expected: [UInt8(ascii: "1")], by: comparison)
        )
        for start in stride(from: 0, to: long.count, by: 1 << 16) {
            same.take(Array(long[start..<(start + 1 << 16)]))
            other.take(Array(long[start..<(start + 1 << 16)]))
        }
        #expect(same.difference() == nil)
        #expect(other.difference() != nil)
    }

    @Test(arguments: ["lines", "tokens"], 0..<300 as Range<UInt64>)
    func itAgreesWithASimpleComparisonOfTheWhole(way: String, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var matched = 0
        for _ in 0..<40 {
            let expected = Self.text(using: &random)
            let output = Self.variation(of: expected, using: &random)
            let isSame =
                way == "lines"
                ? Self.lines(output) == Self.lines(expected)
                : Self.words(output) == Self.words(expected)
            #expect(
                try matches(way, output, expected, pieces: Int.random(in: 1...4, using: &random))
                    == isSame,
                "\(output) \(expected)"
            )
            matched += isSame ? 1 : 0
        }
        #expect((1..<40).contains(matched))
    }

    @Test(arguments: 0..<100 as Range<UInt64>)
    func itAgreesWithASimpleComparisonOfNumbers(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var matched = 0
        for _ in 0..<60 {
            let expected = (0..<Int.random(in: 0..<4, using: &random)).map { _ in
                Self.number(using: &random)
            }
            var output = expected
            for index in output.indices where Int.random(in: 0..<2, using: &random) == 0 {
                output[index] = Self.number(using: &random)
            }
            let isSame = zip(output, expected).allSatisfy { output, expected in
                if output == expected { return true }
                guard let output = Double(output), let expected = Double(expected) else {
                    return false
                }
                return abs(output - expected) <= max(0.5, 0.5 * abs(expected))
            }
            #expect(
                try matches(
                    "float:0.5",
                    output.joined(separator: "\n"),
                    expected.joined(separator: " ")
                ) == isSame,
                "\(output) \(expected)"
            )
            matched += isSame ? 1 : 0
        }
        #expect((1..<60).contains(matched))
    }

    @Test(arguments: [
        "", "Exact", "line", "float", "float:", "float:-1", "float:nan", "float:inf", "float:2",
        "float:1e999", "float:0x1", "float: 1", "float:1 ", "exact ", "float:1e-6\n",
    ])
    func whatIsNoWayIsNone(name: String) {
        #expect(OutputComparison(name) == nil)
    }
}

// MARK: - Comparing

extension OutputMatcherTests {
    private func matches(_ way: String, _ output: String, _ expected: String) throws -> Bool {
        try matches(way, Array(output.utf8), Array(expected.utf8))
    }

    /// Compares output that comes in pieces of a length; whatever that is, the result is the same.
    private func matches(
        _ way: String,
        _ output: [UInt8],
        _ expected: [UInt8],
        pieces length: Int = 1
    ) throws -> Bool {
        try difference(way, output, expected, pieces: length) == nil
    }

    private func difference(
        _ way: String,
        _ output: [UInt8],
        _ expected: [UInt8],
        pieces length: Int
    ) throws -> OutputDifference? {
        let comparison = try #require(OutputComparison(way))
        var matcher = OutputMatcher(expected: expected, by: comparison)
        for start in stride(from: 0, to: output.count, by: length) {
            matcher.take(Array(output[start..<min(start + length, output.count)]))
        }
        return matcher.difference()
    }

    private static let alphabet: [UInt8] = Array(" \n\n\t\r12a".utf8) + [0, 0xFF]

    private static func text(using random: inout SeededGenerator) -> [UInt8] {
        (0..<Int.random(in: 0..<12, using: &random)).map { _ in
            alphabet.randomElement(using: &random) ?? 0
        }
    }

    /// The text with a few bytes more, less or others.
    private static func variation(
        of text: [UInt8],
        using random: inout SeededGenerator
    ) -> [UInt8] {
        var text = text
        for _ in 0..<Int.random(in: 0..<3, using: &random) {
            let index = Int.random(in: 0...text.count, using: &random)
            if Bool.random(using: &random) {
                text.insert(alphabet.randomElement(using: &random) ?? 0, at: index)
            } else if index < text.count {
                text.remove(at: index)
            }
        }
        return text
    }

    /// A word that is a number, most often.
    private static func number(using random: inout SeededGenerator) -> String {
        ["0", "1", "1.4", "-1", "1e1", "2", "2.", ".3", "word", "3.0e0", "100", "149"]
            .randomElement(using: &random) ?? ""
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        Array(" \t\n\u{B}\u{C}\r".utf8).contains(byte)
    }

    private static func words(_ text: [UInt8]) -> [ArraySlice<UInt8>] {
        text.split(whereSeparator: isSpace)
    }

    /// The lines without space at their ends, and without those at the end of all that are empty.
    private static func lines(_ text: [UInt8]) -> [[UInt8]] {
        var lines = text.split(separator: 10, omittingEmptySubsequences: false).map { line in
            Array(line.reversed().drop(while: isSpace).reversed())
        }
        while lines.last == [] { lines.removeLast() }
        return lines
    }
}
