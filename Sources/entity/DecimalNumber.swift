/// Numbers as programs print them: a sign, digits, a point, an exponent to the base of ten.
///
/// Words such as `nan`, `inf` and `0x1p3`, which libraries also read as numbers, are none; nor is
/// what is too large for a `Double`.
enum DecimalNumber {
    /// The value of a text; nil when it is no number.
    static func value(_ text: [UInt8]) -> Double? {
        guard isWellFormed(text[...]),
            let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite
        else { return nil }
        return value
    }

    private static func isWellFormed(_ text: ArraySlice<UInt8>) -> Bool {
        var rest = dropSign(text)
        let whole = rest.prefix(while: isDigit).count
        rest = rest.dropFirst(whole)
        var fraction = 0
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            fraction = rest.prefix(while: isDigit).count
            rest = rest.dropFirst(fraction)
        }
        guard whole + fraction > 0 else { return false }
        guard let letter = rest.first else { return true }
        guard letter == UInt8(ascii: "e") || letter == UInt8(ascii: "E") else { return false }
        let exponent = dropSign(rest.dropFirst())
        return !exponent.isEmpty && exponent.allSatisfy(isDigit)
    }

    private static func dropSign(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        text.first == UInt8(ascii: "-") || text.first == UInt8(ascii: "+") ? text.dropFirst() : text
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
