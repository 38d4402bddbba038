/// Compares line by line: space at the end of a line, and the newline at the end of all, do not count.
///
/// What is expected is brought into that form first. Of the output, what may turn out not to count
/// is held against what is expected ahead of its time: a newline that may be the last, then space
/// that may be at the end of its line. So nothing of it is stored, however much it is.
struct LineMatcher: Sendable {
    private let expected: [UInt8]
    /// How much of it has come and counts.
    private var position = 0
    private var hasNewline = false
    private var space = 0
    private var isSpaceExpected = true
    private var hasFailed = false

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
        if form.last == newline { form.removeLast() }
        self.expected = form
    }

    /// Whether what was taken is what is expected.
    var isMatch: Bool { !hasFailed && position == expected.count }

    /// Takes the next bytes.
    mutating func take(_ bytes: [UInt8]) {
        for byte in bytes {
            if hasFailed { return }
            if byte == newline {
                dropSpace()
                countNewline()
                hasNewline = true
            } else if Self.isSpace(byte) {
                isSpaceExpected = isSpaceExpected && isExpected(byte, ahead: space)
                space += 1
            } else {
                countNewline()
                hasFailed = hasFailed || !isSpaceExpected
                position += space
                dropSpace()
                count(byte)
            }
        }
    }

    private mutating func dropSpace() {
        space = 0
        isSpaceExpected = true
    }

    private mutating func countNewline() {
        if hasNewline { count(newline) }
        hasNewline = false
    }

    private mutating func count(_ byte: UInt8) {
        hasFailed = hasFailed || !(position < expected.count && expected[position] == byte)
        position += 1
    }

    /// Whether a byte of the space comes where it is expected.
    private func isExpected(_ byte: UInt8, ahead: Int) -> Bool {
        let index = position + (hasNewline ? 1 : 0) + ahead
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
