/// Which bytes of a content a request asks for (RFC 9110, section 14).
enum ByteRange: Equatable {
    /// All of them; also where the field makes no sense, or asks for several ranges, which is ignored.
    case whole
    /// These.
    case part(Range<Int>)
    /// None that there are.
    case unsatisfiable

    /// Reads the field `Range`.
    ///
    /// - Parameters:
    ///   - field: Its value; nil where there is none.
    ///   - size: How long the content is.
    init(_ field: String?, size: Int) {
        guard let field, let (first, last) = Self.positions(field) else {
            self = .whole
            return
        }
        switch (first, last) {
        case (nil, nil):
            self = .whole
        case (nil, let length?):
            self = length == 0 || size == 0 ? .unsatisfiable : .part(max(0, size - length)..<size)
        case (let first?, let last):
            if let last, last < first {
                self = .whole
            } else if first >= size {
                self = .unsatisfiable
            } else {
                self = .part(first..<min(size - 1, last ?? size) + 1)
            }
        }
    }

    /// The positions of a single range in bytes; nil for anything else.
    private static func positions(_ field: String) -> (first: Int?, last: Int?)? {
        let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].lowercased() == "bytes" else { return nil }
        let ends = parts[1].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = position(ends[0]), let last = position(ends[1]) else {
            return nil
        }
        return (first, last)
    }

    /// A number, beyond what an `Int` holds the largest; nil inside for no text, nil for no number.
    private static func position(_ text: Substring) -> Int?? {
        if text.isEmpty { return .some(nil) }
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return .some(min(Int(text) ?? .max, .max - 1))
    }
}
