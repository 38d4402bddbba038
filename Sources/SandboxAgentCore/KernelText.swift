/// The kernel's files of figures are lines of words; these are read on every run, as the bytes they
/// are, since turning them into strings costs more than reading them.
extension [UInt8] {
    /// The decimal number at the start; nil if there is none, or none that fits.
    func number() -> UInt64? {
        self[...].number()
    }

    /// The number in the line whose first word is `key`.
    func number(after key: StaticString) -> UInt64? {
        number(word: 1, after: key)
    }

    /// The number that is word `index` of the line whose first word is `key`, itself word 0.
    func number(word index: Int, after key: StaticString) -> UInt64? {
        let key = unsafe Array(
            UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount)
        )
        for line in split(separator: UInt8(ascii: "\n")) where line.starts(with: key) {
            let words = line.split(separator: UInt8(ascii: " "))
            if words.count > index, words[0].elementsEqual(key) { return words[index].number() }
        }
        return nil
    }
}

extension ArraySlice<UInt8> {
    fileprivate func number() -> UInt64? {
        var value: UInt64?
        for byte in self {
            guard let digit = UInt64(exactly: byte &- UInt8(ascii: "0")), digit < 10 else { break }
            let (tens, overflow) = (value ?? 0).multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(digit)
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }
}
