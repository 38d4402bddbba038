/// Holds output against what is expected of it, while it comes.
///
/// It takes any bytes, in pieces of any length, and looks at each once. Beside what is expected it
/// holds no more than one number's text, so that the output's length does not matter.
public struct OutputMatcher: Sendable {
    private enum Way: Sendable {
        case exact(ExactMatcher)
        case lines(LineMatcher)
        case tokens(TokenMatcher)
    }

    private var way: Way

    /// Expects `expected`.
    public init(expected: [UInt8], by comparison: OutputComparison) {
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

    /// Whether what was taken, now that it is all, is what is expected.
    public func isMatch() -> Bool {
        switch way {
        case .exact(let matcher): matcher.isMatch
        case .lines(let matcher): matcher.isMatch
        case .tokens(var matcher): matcher.finish()
        }
    }
}

/// Compares byte by byte.
private struct ExactMatcher {
    private let expected: [UInt8]
    private var position = 0
    private var hasFailed = false

    init(_ expected: [UInt8]) {
        self.expected = expected
    }

    mutating func take(_ bytes: [UInt8]) {
        guard !hasFailed else { return }
        hasFailed = !expected[position...].starts(with: bytes)
        position += hasFailed ? 0 : bytes.count
    }

    var isMatch: Bool { !hasFailed && position == expected.count }
}
