/// A look at the shape of a JSON text before anything is built from it.
///
/// A parser allocates for every value, so a small body of a million empty arrays is expensive.
/// This pass allocates nothing and reads each byte once.
enum JSONBounds {
    /// Deeper than any request.
    static let depth = 16
    /// More values than any request needs.
    static let values = 100_000

    /// Says what is out of bounds; nil when nothing is.
    ///
    /// Malformed JSON is the parser's business.
    static func violation(in text: [UInt8]) -> String? {
        var depth = 0
        var values = 0
        var isInString = false
        var isEscaped = false
        for byte in text {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""):
                isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                values += 1
                if depth > Self.depth { return "nested deeper than \(Self.depth) levels" }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
            case UInt8(ascii: ","):
                values += 1
            default:
                break
            }
            if values > Self.values { return "more than \(Self.values) values" }
        }
        return nil
    }
}
