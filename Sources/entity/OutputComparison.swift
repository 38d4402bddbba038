/// How the output of a program is held against what is expected of it.
public enum OutputComparison: Equatable, Sendable {
    /// Byte by byte.
    case exact
    /// Line by line; space at the end of a line, and empty lines at the end of all, do not count.
    case lines
    /// Word by word, whatever space is between them.
    case tokens
    /// As ``tokens``, but two numbers are equal when they differ by at most so much, or by at most
    /// so much of what is expected; see ``DecimalNumber``.
    case numbers(tolerance: DecimalNumber)

    /// What a case gets that does not say.
    public static let standard = lines

    /// The rule, for people.
    public static let rule = "not exact, lines, tokens or float: with a tolerance from 0 to 1"

    /// Reads `exact`, `lines`, `tokens`, or `float:` with a tolerance such as `1e-6`.
    public init?(_ name: String) {
        switch name {
        case "exact": self = .exact
        case "lines": self = .lines
        case "tokens": self = .tokens
        default:
            let prefix = "float:"
            guard name.hasPrefix(prefix), name.utf8.count <= 64,
                let tolerance = DecimalNumber(name.utf8.dropFirst(prefix.utf8.count)),
                tolerance.isFraction
            else { return nil }
            self = .numbers(tolerance: tolerance)
        }
    }
}
