/// Compares line by line: space at the end of a line, and empty lines at the end of all, do not count.
///
/// What is expected is brought into that form first. Of the output, what may turn out not to count
/// is held against what is expected ahead of its time: newlines that may be the last, then space
/// that may be at the end of its line. So hardly anything of it is stored, however much it is.
struct LineMatcher: Sendable {
    private let expected: [UInt8]
    /// How much of it has come and counts.
    private var position = 0
    /// What has come behind that and may not count: newlines, and space behind the last.
    private var newlines = 0
    private var space = 0
    /// How much of the space is what is expected, where not all of it is.
    private var expectedSpace: Int?
    /// Whether what has come is something else, whatever follows.
    private var hasParted = false
    /// What has come in its place, to the end of the line, and whether that is all of it.
    private var rest: [UInt8] = []
    private var isRestOver = false
    /// How far behind the last line that is expected there is another.
    private var moreLines: Int?

    init(_ expected: [UInt8]) {
        // Line by line in place: a list of the lines would take many times their bytes.
        var form: [UInt8] = []
        form.reserveCapacity(expected.count)
        var space = 0
        for byte in expected {
            if byte == newline {
                form.removeLast(space)
                space = 0
            } else {
                space = Self.isSpace(byte) ? space + 1 : 0
            }
            form.append(byte)
        }
        form.removeLast(space)
        while form.last == newline { form.removeLast() }
        self.expected = form
    }

    /// Takes the next bytes.
    mutating func take(_ bytes: [UInt8]) {
        for byte in bytes {
            if hasParted {
                if isRestOver { return }
                if byte == newline { isRestOver = true } else { keep(byte) }
            } else if byte == newline {
                dropSpace()
                newlines += 1
            } else if Self.isSpace(byte) {
                if expectedSpace == nil, !isExpected(byte, ahead: newlines + space) {
                    expectedSpace = space
                }
                if expectedSpace != nil { keep(byte) }
                space += 1
            } else {
                count(byte)
            }
        }
    }

    /// Where all that was taken differs from what is expected; nil where it does not.
    func difference() -> OutputDifference? {
        let words = rest.reversed().drop(while: Self.isSpace).reversed()
        if let moreLines {
            return OutputDifference(
                line: 1 + moreLines + expected.count { $0 == newline },
                column: 1,
                expected: nil,
                got: OutputDifference.text(Array(words))
            )
        }
        if hasParted { return OutputDifference(in: expected, at: position, rest: Array(words)) }
        guard position < expected.count else { return nil }
        // Of lines that are missing, the first that is not empty is told.
        let next = expected[position...].firstIndex { $0 != newline } ?? position
        return OutputDifference(in: expected, at: next, rest: nil)
    }

    /// Takes a byte that counts; what came before it counts, too.
    private mutating func count(_ byte: UInt8) {
        while newlines > 0, position < expected.count, expected[position] == newline {
            position += 1
            newlines -= 1
        }
        if newlines > 0 {
            hasParted = true
            if position == expected.count {
                moreLines = newlines
                keep(byte)
            } else {
                (rest, isRestOver) = ([], true)
            }
            return
        }
        position += expectedSpace ?? space
        if expectedSpace == nil, position < expected.count, expected[position] == byte {
            position += 1
            dropSpace()
        } else {
            hasParted = true
            keep(byte)
        }
    }

    private mutating func dropSpace() {
        space = 0
        expectedSpace = nil
        if !rest.isEmpty { rest.removeAll(keepingCapacity: true) }
    }

    private mutating func keep(_ byte: UInt8) {
        if rest.count < OutputDifference.sourceLength { rest.append(byte) }
    }

    /// Whether a byte of the space comes where it is expected.
    private func isExpected(_ byte: UInt8, ahead: Int) -> Bool {
        let index = position + ahead
        return index < expected.count && expected[index] == byte
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte != newline && byte.isASCIISpace
    }
}

private let newline = UInt8(ascii: "\n")

extension UInt8 {
    /// Whether it is space in the C locale (isspace(3)).
    var isASCIISpace: Bool {
        self == UInt8(ascii: " ") || (UInt8(ascii: "\t")...UInt8(ascii: "\r")).contains(self)
    }
}
