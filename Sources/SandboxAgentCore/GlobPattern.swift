/// Patterns for relative paths, as a shell's, of which any may match.
///
/// `*` and `?` stand for any bytes but `/`, `[a-z]` and `[!a-z]` for one byte, `**` as a whole
/// component for any number of components, and `\` makes the next byte plain.
///
/// All ways to match all patterns advance together, a byte at a time, as the bits of a few words:
/// there is nothing to go back to, so matching takes time proportional to the path and to the
/// patterns, 64 of their bytes in one step.
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

    /// Where the beginning of a path has led to; what is below a directory goes on from there.
    public struct Progress: Sendable {
        /// A bit for each element that may come next, and one for the end of each pattern.
        fileprivate var states: [UInt64]
    }

    /// The progress of a path of which nothing was read.
    public private(set) var beginning: Progress

    private var moving: [[UInt64]]
    private var movingByAnyByte: [UInt64]
    private var stayingByAnyByte: [UInt64]
    private var staying: [UInt64]
    private var skipped: [UInt64]
    private var skippedAtStartOfComponent: [UInt64]
    private var ends: [UInt64]
    /// The state that ends each pattern, in their order.
    private var endStates: [Int] = []

    /// Reads one pattern; every string is one: a `[` that is not closed is a plain byte.
    public init(_ pattern: String) {
        self.init(anyOf: [pattern])
    }

    /// Reads patterns.
    public init(anyOf patterns: [String]) {
        let parsed = patterns.map { pattern in
            var parser = Parser(rest: Array(pattern.utf8)[...])
            return parser.parse()
        }
        let none = [UInt64](repeating: 0, count: parsed.reduce(63) { $0 + $1.count + 1 } / 64)
        beginning = Progress(states: none)
        moving = Array(repeating: none, count: 256)
        movingByAnyByte = none
        stayingByAnyByte = none
        staying = none
        skipped = none
        skippedAtStartOfComponent = none
        ends = none
        var state = 0
        for elements in parsed {
            beginning.states.insert(state)
            for element in elements {
                add(element, at: state)
                state += 1
            }
            ends.insert(state)
            endStates.append(state)
            state += 1
        }
        skip(&beginning.states, atStartOfComponent: true)
    }

    private mutating func add(_ element: Element, at state: Int) {
        switch element {
        case .byte(let byte):
            moving[Int(byte)].insert(state)
        case .anyByte:
            movingByAnyByte.insert(state)
        case .byteSet(let set):
            for byte in UInt8.min ... .max where byte != slash && set.contains(byte) {
                moving[Int(byte)].insert(state)
            }
        case .star:
            stayingByAnyByte.insert(state)
            skipped.insert(state)
        case .components:
            staying.insert(state)
            skippedAtStartOfComponent.insert(state)
        case .rest:
            staying.insert(state)
            skipped.insert(state)
        }
    }

    /// Whether the whole of `path` matches.
    public func matches(_ path: some Sequence<UInt8>) -> Bool {
        isMatch(advance(beginning, over: path))
    }

    /// Whether a path that ends here matches.
    public func isMatch(_ progress: Progress) -> Bool {
        progress.states.indices.contains { progress.states[$0] & ends[$0] != 0 }
    }

    /// Which of the patterns match a path that ends here, by their indexes.
    public func matching(_ progress: Progress) -> [Int] {
        endStates.indices.filter { index in
            progress.states[endStates[index] / 64] >> (endStates[index] % 64) & 1 == 1
        }
    }

    /// Goes on from `progress` with the next bytes of a path.
    public func advance(_ progress: Progress, over bytes: some Sequence<UInt8>) -> Progress {
        var states = progress.states
        for byte in bytes {
            guard states.contains(where: { $0 != 0 }) else { break }
            advance(&states, over: byte)
            skip(&states, atStartOfComponent: byte == slash)
        }
        return Progress(states: states)
    }

    private func advance(_ states: inout [UInt64], over byte: UInt8) {
        let any: UInt64 = byte == slash ? 0 : .max
        let moving = moving[Int(byte)]
        var carry: UInt64 = 0
        for word in states.indices {
            let moved = states[word] & (moving[word] | movingByAnyByte[word] & any)
            let stayed = states[word] & (staying[word] | stayingByAnyByte[word] & any)
            states[word] = moved << 1 | carry | stayed
            carry = moved >> 63
        }
    }

    /// Adds the states that are reached without a byte.
    ///
    /// Of the elements that need none at most two follow on each other: components, and a star or
    /// the rest.
    private func skip(_ states: inout [UInt64], atStartOfComponent: Bool) {
        let atStart: UInt64 = atStartOfComponent ? .max : 0
        for _ in 0..<2 {
            var carry: UInt64 = 0
            for word in states.indices {
                let skippable = skipped[word] | skippedAtStartOfComponent[word] & atStart
                let moved = states[word] & skippable
                states[word] |= moved << 1 | carry
                carry = moved >> 63
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
        /// Whether a set may be closed: behind one that is not, none is.
        var mayCloseSet = true

        mutating func parse() -> [Element] {
            var elements: [Element] = []
            var atStartOfComponent = true
            while let byte = rest.popFirst() {
                let element = parseElement(byte, atStartOfComponent)
                if case .star = element, case .star? = elements.last { continue }
                if case .components = element, case .components? = elements.last { continue }
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
                guard mayCloseSet, let set = parseSet() else {
                    mayCloseSet = false
                    return .byte(byte)
                }
                return .byteSet(set)
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

extension [UInt64] {
    /// Sets a bit.
    fileprivate mutating func insert(_ bit: Int) {
        self[bit / 64] |= 1 << (bit % 64)
    }
}

private let slash = UInt8(ascii: "/")
