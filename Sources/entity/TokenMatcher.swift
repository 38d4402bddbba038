/// Compares word by word, whatever space is between them; with a tolerance, numbers by their value.
///
/// What is expected is brought into one form first, its words with one blank between them. A word
/// that is as expected needs no more; another is a number within the tolerance, or the end.
struct TokenMatcher: Sendable {
    /// The longest text that is read as a number.
    private static let numberLength = 1_024

    private let expected: [UInt8]
    private let tolerance: DecimalNumber?
    /// Where the next word that is expected begins.
    private var start = 0
    private var length = 0
    /// The word so far, as far as it may be a number, where it is not the one that is expected.
    private var word: [UInt8]?
    /// Where in the output the next byte comes, and the word began.
    private var line = 1
    private var column = 1
    private var wordColumn = 1
    private var parting: OutputDifference?

    init(_ expected: [UInt8], tolerance: DecimalNumber?) {
        var form: [UInt8] = []
        form.reserveCapacity(expected.count)
        for byte in expected {
            if !byte.isASCIISpace {
                form.append(byte)
            } else if let last = form.last, last != blank {
                form.append(blank)
            }
        }
        if form.last == blank { form.removeLast() }
        self.expected = form
        self.tolerance = tolerance
    }

    /// Takes the next bytes.
    mutating func take(_ bytes: [UInt8]) {
        for byte in bytes {
            if parting != nil { return }
            if byte.isASCIISpace {
                endWord()
                (line, column) = byte == newline ? (line + 1, 1) : (line, column + 1)
            } else {
                if length == 0 { wordColumn = column }
                take(byte)
                if !byte.isContinuation { column += 1 }
            }
        }
    }

    /// Takes the end: where all that was taken differs from what is expected; nil where it does not.
    mutating func finish() -> OutputDifference? {
        endWord()
        if parting == nil, start < expected.count {
            wordColumn = column
            part(from: expectedWord, got: nil)
        }
        return parting
    }

    private mutating func take(_ byte: UInt8) {
        let index = start + length
        if word == nil, index >= expected.count || expected[index] != byte {
            word = same
        }
        if word != nil, length < Self.numberLength { word?.append(byte) }
        length += 1
    }

    private mutating func endWord() {
        guard length > 0 else { return }
        let wanted = expectedWord
        let isSame = word == nil && wanted.count == length
        if !isSame {
            let word = word ?? same
            guard isClose(word, to: wanted) else {
                part(from: start < expected.count ? wanted : nil, got: word)
                return
            }
        }
        start += wanted.count + 1
        length = 0
        word = nil
    }

    /// The next word that is expected; none behind the last.
    private var expectedWord: ArraySlice<UInt8> {
        expected[min(start, expected.count)...].prefix { $0 != blank }
    }

    /// What the word has in common with the one that is expected, as far as that may be a number.
    private var same: [UInt8] {
        Array(expected[min(start, expected.count)...].prefix(min(length, Self.numberLength)))
    }

    private mutating func part(from wanted: ArraySlice<UInt8>?, got word: [UInt8]?) {
        parting = OutputDifference(
            line: line,
            column: wordColumn,
            expected: wanted.map { OutputDifference.text($0) },
            got: word.map { OutputDifference.text($0) }
        )
    }

    private func isClose(_ word: [UInt8], to expected: ArraySlice<UInt8>) -> Bool {
        guard let tolerance, length <= Self.numberLength, expected.count <= Self.numberLength,
            let actual = DecimalNumber(word), let wanted = DecimalNumber(expected)
        else { return false }
        return actual.isWithin(tolerance, of: wanted)
    }
}

private let blank = UInt8(ascii: " ")
private let newline = UInt8(ascii: "\n")
