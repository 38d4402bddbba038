/// A pattern for relative paths, as a shell's.
///
/// `*` and `?` stand for any bytes but `/`, `[a-z]` and `[!a-z]` for one byte, `**` as a whole
/// component for any number of components, and `\` makes the next byte plain. Matching takes time
/// proportional to the path, whatever the pattern.
public struct GlobPattern: Sendable {
    private enum Element {
        case byte(UInt8)
        case anyByte
        case byteSet(ByteSet)
        /// Any number of bytes but `/`.
        case star
        /// Any number of whole components, each with the `/` behind it.
        case components
        /// All that is left of the path.
        case rest
    }

    private let elements: [Element]

    /// Reads a pattern; every string is one: a `[` that is not closed is a plain byte.
    public init(_ pattern: String) {
        var parser = Parser(rest: Array(pattern.utf8)[...])
        elements = parser.parse()
    }

    /// Whether the whole of `path` matches.
    ///
    /// All ways to match advance together, a byte at a time: there is nothing to go back to.
    public func matches(_ path: some Sequence<UInt8>) -> Bool {
        var states = [Bool](repeating: false, count: elements.count + 1)
        states[0] = true
        skip(&states, atStartOfComponent: true)
        for byte in path {
            var next = [Bool](repeating: false, count: states.count)
            for (index, element) in elements.enumerated() where states[index] {
                switch element {
                case .byte(let plain): if byte == plain { next[index + 1] = true }
                case .anyByte: if byte != slash { next[index + 1] = true }
                case .byteSet(let set):
                    if byte != slash, set.contains(byte) { next[index + 1] = true }
                case .star: if byte != slash { next[index] = true }
                case .components, .rest: next[index] = true
                }
            }
            guard next.contains(true) else { return false }
            skip(&next, atStartOfComponent: byte == slash)
            states = next
        }
        return states[elements.count]
    }

    /// Adds the states that are reached without a byte.
    private func skip(_ states: inout [Bool], atStartOfComponent: Bool) {
        for (index, element) in elements.enumerated() where states[index] {
            switch element {
            case .star, .rest: states[index + 1] = true
            case .components: if atStartOfComponent { states[index + 1] = true }
            case .byte, .anyByte, .byteSet: break
            }
        }
    }

    private struct ByteSet {
        var ranges: [ClosedRange<UInt8>] = []
        var isNegated = false

        func contains(_ byte: UInt8) -> Bool {
            ranges.contains { $0.contains(byte) } != isNegated
        }
    }

    private struct Parser {
        var rest: ArraySlice<UInt8>

        mutating func parse() -> [Element] {
            var elements: [Element] = []
            var atStartOfComponent = true
            while let byte = rest.popFirst() {
                let element = parseElement(byte, atStartOfComponent)
                if case .star = element, case .star? = elements.last { continue }
                elements.append(element)
                if case .components = element { continue }
                atStartOfComponent = byte == slash
            }
            return elements
        }

        private mutating func parseElement(_ byte: UInt8, _ atStartOfComponent: Bool) -> Element {
            switch byte {
            case UInt8(ascii: "?"): return .anyByte
            case UInt8(ascii: "*"):
                guard atStartOfComponent, rest.first == byte else { return .star }
                if rest.count == 1 {
                    rest.removeFirst()
                    return .rest
                }
                guard rest.dropFirst().first == slash else { return .star }
                rest.removeFirst(2)
                return .components
            case UInt8(ascii: "["):
                return parseSet().map(Element.byteSet) ?? .byte(byte)
            case UInt8(ascii: "\\"):
                return .byte(rest.popFirst() ?? byte)
            default:
                return .byte(byte)
            }
        }

        /// Reads a set behind its `[`; nil, with nothing read, if it is not closed.
        private mutating func parseSet() -> ByteSet? {
            var set = ByteSet()
            var ahead = rest
            if let first = ahead.first, first == UInt8(ascii: "!") || first == UInt8(ascii: "^") {
                set.isNegated = true
                ahead.removeFirst()
            }
            var isFirst = true
            while let low = ahead.popFirst() {
                if low == UInt8(ascii: "]"), !isFirst {
                    rest = ahead
                    return set
                }
                isFirst = false
                if ahead.first == UInt8(ascii: "-"), let high = ahead.dropFirst().first,
                    high != UInt8(ascii: "]")
                {
                    ahead.removeFirst(2)
                    if low <= high { set.ranges.append(low...high) }
                } else {
                    set.ranges.append(low...low)
                }
            }
            return nil
        }
    }
}

private let slash = UInt8(ascii: "/")
