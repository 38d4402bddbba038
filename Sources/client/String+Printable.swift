internal import FoundationEssentials
internal import SandmillEntity
internal import SandmillService

extension String {
    /// The text as it may stand in a line of a terminal: what strangers wrote may hold anything,
    /// such as an escape sequence or a line's end.
    public var printable: String {
        if utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return self }
        return String(
            unicodeScalars.reduce(into: String.UnicodeScalarView()) { text, scalar in
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator:
                    text += "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars
                default: text.append(scalar)
                }
            }
        )
    }

    /// The text, or its beginning.
    public func cut(to width: Int) -> String {
        count > width ? prefix(width - 1) + "…" : self
    }
}
