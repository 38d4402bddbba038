/// A look at the shape of a JSON text before anything is built from it.
///
/// A parser allocates for every value, so a small body of a million empty arrays is expensive.
/// This pass allocates nothing and reads each byte once.
struct JSONBounds {
    /// Deeper than any request.
    static let depth = 16
    /// More values than any request needs.
    static let values = 100_000
    /// Deeper than any batch of such requests.
    static let batchDepth = depth + 2
    /// More values than any batch needs.
    static let batchValues = 1_000_000

    /// What is out of bounds; nil when nothing is.
    private(set) var violation: String?
    /// How many fields all objects have together, each counted as often as it is there.
    private(set) var fields = 0
    /// Whether there is a comma before the end of an array or object, which only our parser takes.
    private(set) var hasTrailingComma = false

    /// Refuses a text that is out of bounds, or that only our parser takes for JSON.
    func check(_ text: [UInt8]) throws(RequestRefusal) {
        // Foundation would read UTF-16 and UTF-32 too, in which the bounds see nothing.
        guard !text.contains(where: { $0 == 0 || $0 >= 0xFE }) else {
            throw RequestRefusal(.invalidRequest, at: "", "not JSON in UTF-8")
        }
        if let violation { throw RequestRefusal(.tooLarge, at: "", violation) }
        guard !hasTrailingComma else {
            throw RequestRefusal.notJSON(text)
        }
    }

    /// Looks at a text, up to where it is out of bounds; other malformed JSON is the parser's
    /// business.
    init(_ text: [UInt8], depth limit: Int = depth, values maximum: Int = values) {
        var depth = 0
        var values = 0
        var isInString = false
        var isEscaped = false
        var isBehindComma = false
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
                if depth > limit {
                    violation = "nested deeper than \(limit) levels"
                    return
                }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                hasTrailingComma = hasTrailingComma || isBehindComma
            case UInt8(ascii: ","):
                values += 1
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                continue
            case UInt8(ascii: ":"):
                fields += 1
            default:
                break
            }
            isBehindComma = byte == UInt8(ascii: ",")
            if values > maximum {
                violation = "more than \(maximum) values"
                return
            }
        }
    }
}
