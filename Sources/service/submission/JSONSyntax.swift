/// Where a text stops being JSON (RFC 8259), for its author; a text that a parser has refused.
struct JSONSyntax {
    /// What is wrong there.
    struct Fault: Error, Equatable {
        /// In bytes, from 0.
        let offset: Int
        let message: String
    }

    private let text: [UInt8]
    private var offset = 0
    /// What closes each array and object that is open.
    private var closers: [UInt8] = []

    private init(_ text: [UInt8]) {
        self.text = text
    }

    /// The first fault with its line and column, from 1, in characters; nil for a text without.
    static func fault(in text: [UInt8]) -> String? {
        var syntax = JSONSyntax(text)
        do throws(Fault) {
            try syntax.read()
            return nil
        } catch {
            let before = text[..<min(error.offset, text.count)]
            let line = before.count { $0 == UInt8(ascii: "\n") } + 1
            let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            // Of a character in UTF-8 the first byte counts.
            let column = before[start...].count { $0 & 0xC0 != 0x80 } + 1
            return "line \(line), column \(column): \(error.message)"
        }
    }

    private var next: UInt8? {
        mutating get {
            while offset < text.count, [0x20, 0x09, 0x0A, 0x0D].contains(text[offset]) {
                offset += 1
            }
            return offset < text.count ? text[offset] : nil
        }
    }

    private func fault(_ message: String) -> Fault {
        Fault(offset: offset, message: offset < text.count ? message : "the text ends here")
    }

    private mutating func take(_ wanted: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: wanted) else { return false }
        offset += 1
        return true
    }

    private mutating func read() throws(Fault) {
        repeat {
            try readValue()
            while let closer = closers.last, next == closer {
                closers.removeLast()
                offset += 1
            }
            guard let closer = closers.last else { break }
            guard take(",") else {
                throw fault("expected a comma or a \(Unicode.Scalar(closer))")
            }
            if next == closer { throw fault("a comma before a } or ]") }
            if closer == UInt8(ascii: "}") { try readName() }
        } while true
        if next != nil { throw fault("something follows the value") }
    }

    /// Reads a value, or opens arrays and objects up to the first that is in them.
    private mutating func readValue() throws(Fault) {
        while true {
            switch next {
            case UInt8(ascii: "{"):
                offset += 1
                closers.append(UInt8(ascii: "}"))
                if next == UInt8(ascii: "}") { return }
                try readName()
            case UInt8(ascii: "["):
                offset += 1
                closers.append(UInt8(ascii: "]"))
                if next == UInt8(ascii: "]") { return }
            case UInt8(ascii: "\""):
                return try readString()
            case let byte? where "-0123456789".utf8.contains(byte):
                return try readNumber()
            default:
                for word in ["true", "false", "null"] where text[offset...].starts(with: word.utf8)
                {
                    offset += word.utf8.count
                    return
                }
                throw fault("expected a value")
            }
        }
    }

    private mutating func readName() throws(Fault) {
        guard next == UInt8(ascii: "\"") else { throw fault("expected a name in quotes") }
        try readString()
        guard take(":") else { throw fault("expected a colon") }
    }

    private mutating func readString() throws(Fault) {
        offset += 1
        while offset < text.count {
            switch text[offset] {
            case UInt8(ascii: "\""):
                offset += 1
                return
            case 0..<0x20:
                throw fault(
                    "a control character in a string, which is written as \\u and its number"
                )
            case UInt8(ascii: "\\"):
                offset += 1
                try readEscape()
            default: offset += 1
            }
        }
        throw fault("")
    }

    private mutating func readEscape() throws(Fault) {
        guard offset < text.count else { return }
        if text[offset] == UInt8(ascii: "u") {
            let digits = text[(offset + 1)...].prefix(4)
            guard digits.count == 4, digits.allSatisfy({ Self.isHexadecimal($0) }) else {
                throw fault("expected four hexadecimal digits behind \\u")
            }
            offset += 5
        } else {
            guard #""\/bfnrt"#.utf8.contains(text[offset]) else {
                throw fault("there is no such escape in a string")
            }
            offset += 1
        }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        Unicode.Scalar(byte).properties.isASCIIHexDigit
    }

    private mutating func readNumber() throws(Fault) {
        if text[offset] == UInt8(ascii: "-") { offset += 1 }
        if offset < text.count, text[offset] == UInt8(ascii: "0") {
            offset += 1
        } else {
            try readDigits()
        }
        if offset < text.count, text[offset] == UInt8(ascii: ".") {
            offset += 1
            try readDigits()
        }
        if offset < text.count, text[offset] | 0x20 == UInt8(ascii: "e") {
            offset += 1
            if offset < text.count, "+-".utf8.contains(text[offset]) { offset += 1 }
            try readDigits()
        }
        if offset < text.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[offset]) {
            throw fault("a number with a 0 in front")
        }
    }

    private mutating func readDigits() throws(Fault) {
        let start = offset
        while offset < text.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[offset]) {
            offset += 1
        }
        if offset == start { throw fault("expected a digit") }
    }
}

extension RequestRefusal {
    /// Refuses a text that is no JSON, with where it is not.
    static func notJSON(_ text: [UInt8]) -> RequestRefusal {
        let place = JSONSyntax.fault(in: text).map { ": \($0)" } ?? ""
        return RequestRefusal(.invalidRequest, at: "", "not JSON\(place)")
    }
}
