import SandmillEntity
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

    @Test(arguments: [
        Comparison("exact", "5\n", "5\n", true),
        Comparison("exact", "5", "5\n", false),
        Comparison("exact", "5\n\n", "5\n", false),
        Comparison("exact", "", "", true),
        Comparison("exact", "", "\n", false),
        Comparison("lines", "5", "5\n", true),
        Comparison("lines", "5\n", "5", true),
        Comparison("lines", "5 \t\r\n", "5\n", true),
        Comparison("lines", "5\n\n", "5\n", false),
        Comparison("lines", "5\n  ", "5", true),
        Comparison("lines", " 5", "5", false),
        Comparison("lines", "1  2", "1 2", false),
        Comparison("lines", "1 \t 2", "1 \t 2 ", true),
        Comparison("lines", "1\n\n2", "1\n \n2\n", true),
        Comparison("lines", "1\n2", "1 2", false),
        Comparison("lines", "", "\n", true),
        Comparison("lines", "", "\n\n", false),
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
        Comparison("float:1e-6", "1 2", "1 2 3", false),
        Comparison("float:1e-6", "1 2 3", "1 2", false),
        Comparison("float:1e-6", "1", "", false),
        Comparison("float:1e-6", "", "1", false),
        Comparison("float:1e-6", "Yes", "yes", false),
    ])
    func whatCountsIsTheRuleOfTheWay(_ test: Comparison) throws {
        #expect(try matches(test.way, test.output, test.expected) == test.isMatch)
    }

    /// A word is equal to itself alone: what libraries read as numbers beyond numbers are words.
    @Test(
        arguments: [
            "nan", "NaN", "-nan", "inf", "Infinity", "1e999999", "-1e999999", "0x10", "1e", ".",
        ],
        ["0", "1", "inf", "nan", "1e308", "1e999998", "16", "1e-999999"]
    )
    func whatIsNoNumberEqualsNoNumber(word: String, other: String) throws {
        #expect(try matches("float:1", word, word))
        #expect(try matches("float:1", word, other) == (word == other))
        #expect(try matches("float:1", other, word) == (word == other))
    }

    @Test func numbersTooSmallAreNought() throws {
        #expect(try matches("float:0", "1e-999999", "0"))
        #expect(try !matches("float:0", "1e-999999", "1"))
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
        #expect(same.isMatch())
        #expect(!other.isMatch())
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
        let comparison = try #require(OutputComparison(way))
        var matcher = OutputMatcher(expected: expected, by: comparison)
        for start in stride(from: 0, to: output.count, by: length) {
            matcher.take(Array(output[start..<min(start + length, output.count)]))
        }
        return matcher.isMatch()
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

    /// The lines without space at their ends, after the last newline was cut off.
    private static func lines(_ text: [UInt8]) -> [[UInt8]] {
        var lines = text.split(separator: 10, omittingEmptySubsequences: false).map { line in
            Array(line.reversed().drop(while: isSpace).reversed())
        }
        if lines.count > 1, lines.last == [] { lines.removeLast() }
        return lines
    }
}
