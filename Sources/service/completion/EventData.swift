/// The `data` of a CloudEvents document, as it stands in it.
enum EventData {
    /// Finds the bytes of the field `data`; nil where there is none.
    ///
    /// Nothing is built from them, and of a text that is no JSON they are anything.
    static func bytes(of event: [UInt8]) -> ArraySlice<UInt8>? {
        var depth = 0
        var isInString = false
        var isEscaped = false
        var stringStart = 0
        var lastString: ArraySlice<UInt8> = []
        var start: Int?
        for (index, byte) in event.enumerated() {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                    lastString = event[stringStart..<index]
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""):
                isInString = true
                stringStart = index + 1
            case UInt8(ascii: ":"):
                let isName = depth == 1 && start == nil
                if isName, lastString.elementsEqual("data".utf8) { start = index + 1 }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0, let start { return event[start..<index] }
            case UInt8(ascii: ","):
                if depth == 1, let start { return event[start..<index] }
            default:
                break
            }
        }
        return nil
    }
}
