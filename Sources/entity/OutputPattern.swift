/// What a request asks for of its output files: a relative path with the wildcards of a shell.
///
/// A leading `./` does not count, nor does a `/` at the end. Braces with a comma between them are alternatives,
/// as in a shell; all others are plain. `\` makes the next character plain.
public struct OutputPattern: Equatable, Sendable {
    /// The most alternatives of one pattern.
    public static let maximumAlternatives = 100

    /// The patterns without braces of which a path has to match one, in the order of a shell.
    public let alternatives: [String]

    /// Reads a pattern; nil if it has more than ``maximumAlternatives``.
    public init?(_ text: String) {
        guard let expanded = Self.expand(Array(text.utf8)[...]) else { return nil }
        alternatives = expanded.map { String(decoding: Self.trimmed($0), as: UTF8.self) }
    }

    private static func trimmed(_ pattern: [UInt8]) -> ArraySlice<UInt8> {
        let slash = UInt8(ascii: "/")
        var pattern = pattern[...]
        while pattern.starts(with: "./".utf8) {
            pattern = pattern.dropFirst(2).drop { $0 == slash }
        }
        while pattern.last == slash { pattern.removeLast() }
        return pattern
    }

    /// All that braces stand for; nil if it is too much.
    private static func expand(_ pattern: ArraySlice<UInt8>) -> [[UInt8]]? {
        guard let group = firstGroup(of: pattern) else { return [Array(pattern)] }
        guard let tails = expand(pattern[group.end...]) else { return nil }
        var expanded: [[UInt8]] = []
        for part in group.parts {
            guard let middles = expand(part),
                expanded.count + middles.count * tails.count <= maximumAlternatives
            else { return nil }
            for middle in middles {
                for tail in tails {
                    expanded.append(pattern[..<group.start] + middle + tail)
                }
            }
        }
        return expanded
    }

    private struct Group {
        let start: Int
        let end: Int
        let parts: [ArraySlice<UInt8>]
    }

    /// The first braces with a comma of their own between them.
    private static func firstGroup(of pattern: ArraySlice<UInt8>) -> Group? {
        // Of each brace that is open, where it is and where its parts end.
        var open: [(start: Int, commas: [Int])] = []
        var found: Group?
        var isPlain = false
        for (index, byte) in zip(pattern.indices, pattern) {
            if isPlain {
                isPlain = false
                continue
            }
            switch byte {
            case UInt8(ascii: "\\"): isPlain = true
            case UInt8(ascii: "{"): open.append((index, []))
            case UInt8(ascii: ","): if !open.isEmpty { open[open.count - 1].commas.append(index) }
            case UInt8(ascii: "}"):
                guard let (start, commas) = open.popLast(), !commas.isEmpty else { continue }
                // One within another is found when the other is expanded.
                if let found, found.start < start { continue }
                let bounds = [start] + commas + [index]
                let parts = zip(bounds, bounds.dropFirst()).map { pattern[($0 + 1)..<$1] }
                found = Group(start: start, end: index + 1, parts: parts)
                if open.isEmpty { return found }
            default: break
            }
        }
        return found
    }
}
