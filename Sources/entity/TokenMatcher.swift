/// Compares word by word, whatever space is between them; with a tolerance, numbers by their value.
///
/// What is expected is brought into one form first, its words with one blank between them. A word
/// that is as expected needs no more; another is a number within the tolerance, or the end.
struct TokenMatcher: Sendable {
    /// The longest text that is read as a number.
    private static let numberLength = 1_024

    private let expected: [UInt8]
    private let tolerance: Double?
    /// Where the next word that is expected begins.
    private var start = 0
    private var length = 0
    /// The word so far, as far as it may be a number.
    private var word: [UInt8] = []
    private var isWordExpected = true
    private var hasFailed = false

    init(_ expected: [UInt8], tolerance: Double?) {
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
            if hasFailed { return }
            if byte.isASCIISpace {
                endWord()
            } else {
                let index = start + length
                isWordExpected =
                    isWordExpected && index < expected.count && expected[index] == byte
                hasFailed = !isWordExpected && tolerance == nil
                if tolerance != nil, length < Self.numberLength { word.append(byte) }
                length += 1
            }
        }
    }

    /// Takes the end, and says whether all that was taken is what is expected.
    mutating func finish() -> Bool {
        endWord()
        return !hasFailed && start >= expected.count
    }

    private mutating func endWord() {
        guard length > 0 else { return }
        guard start < expected.count else {
            hasFailed = true
            return
        }
        let rest = expected[start...]
        let isSame =
            isWordExpected && (rest.count == length || rest.dropFirst(length).first == blank)
        let end = isSame ? start + length : rest.firstIndex(of: blank) ?? expected.count
        if !isSame { hasFailed = !isClose(to: rest.prefix(end - start)) }
        start = end + 1
        (length, isWordExpected) = (0, true)
        word.removeAll(keepingCapacity: true)
    }

    private func isClose(to expected: ArraySlice<UInt8>) -> Bool {
        guard let tolerance, length <= Self.numberLength, expected.count <= Self.numberLength,
            let actual = DecimalNumber.value(word),
            let wanted = DecimalNumber.value(Array(expected))
        else { return false }
        let difference = (actual - wanted).magnitude
        return difference <= tolerance || difference <= tolerance * wanted.magnitude
    }
}

private let blank = UInt8(ascii: " ")
