/// Holds output against what is expected of it, while it comes.
///
/// It takes any bytes, in pieces of any length, and looks at each once. Beside what is expected it
/// holds no more than one number's text, so that the output's length does not matter.
///
/// Editors of some systems put a byte order mark before a text. Unless every byte counts, it does not,
/// neither in what is expected nor in what comes.
public struct OutputMatcher: Sendable {
    private enum Way: Sendable {
        case exact(ExactMatcher)
        case lines(LineMatcher)
        case tokens(TokenMatcher)
    }

    private static let mark = Array("\u{FEFF}".utf8)

    private var way: Way
    /// What has come so far, while that may be a byte order mark; nil from then on.
    private var head: [UInt8]? = []

    /// Expects `expected`.
    public init(expected: [UInt8], by comparison: OutputComparison) {
        if comparison == .exact { head = nil }
        let expected = comparison == .exact ? expected : Self.dropMark(expected)
        way =
            switch comparison {
            case .exact: .exact(ExactMatcher(expected))
            case .lines: .lines(LineMatcher(expected))
            case .tokens: .tokens(TokenMatcher(expected, tolerance: nil))
            case .numbers(let tolerance): .tokens(TokenMatcher(expected, tolerance: tolerance))
            }
    }

    /// Takes the next bytes.
    public mutating func take(_ bytes: [UInt8]) {
        guard var head else { return compare(bytes) }
        head += bytes
        if head.count < Self.mark.count, Self.mark.starts(with: head) {
            self.head = head
        } else {
            self.head = nil
            compare(Self.dropMark(head))
        }
    }

    /// Where what was taken, now that it is all, first differs from what is expected; nil where it does
    /// not.
    public func difference() -> OutputDifference? {
        var matcher = self
        matcher.compare(head ?? [])
        switch matcher.way {
        case .exact(let matcher): return matcher.difference()
        case .lines(let matcher): return matcher.difference()
        case .tokens(var matcher): return matcher.finish()
        }
    }

    private mutating func compare(_ bytes: [UInt8]) {
        switch way {
        case .exact(var matcher):
            matcher.take(bytes)
            way = .exact(matcher)
        case .lines(var matcher):
            matcher.take(bytes)
            way = .lines(matcher)
        case .tokens(var matcher):
            matcher.take(bytes)
            way = .tokens(matcher)
        }
    }

    private static func dropMark(_ text: [UInt8]) -> [UInt8] {
        text.starts(with: mark) ? Array(text.dropFirst(mark.count)) : text
    }
}

/// Compares byte by byte.
private struct ExactMatcher {
    private let expected: [UInt8]
    private var position = 0
    /// What has come in place of what is expected, to the end of its line.
    private var rest: [UInt8]?

    init(_ expected: [UInt8]) {
        self.expected = expected
    }

    mutating func take(_ bytes: [UInt8]) {
        var bytes = bytes[...]
        if rest == nil {
            let same = zip(expected[position...], bytes).prefix { $0 == $1 }.count
            position += same
            bytes = bytes.dropFirst(same)
            if !bytes.isEmpty { rest = [] }
        }
        guard let taken = rest, taken.last != newline else { return }
        let room = OutputDifference.sourceLength - taken.count
        let line = bytes.prefix(room)
        rest = taken + (line.firstIndex(of: newline).map { line[...$0] } ?? line)
    }

    func difference() -> OutputDifference? {
        guard rest != nil || position < expected.count else { return nil }
        return OutputDifference(in: expected, at: position, rest: rest, showsNewlines: true)
    }
}

private let newline = UInt8(ascii: "\n")
