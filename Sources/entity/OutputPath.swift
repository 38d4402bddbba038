/// The path of an output file: bytes on disk, text in documents.
///
/// A program chooses names freely, so they need not be text. In documents a backslash, a control
/// character and a byte that is no valid UTF-8 stand as `\xNN`; everything else stands as it is,
/// so the text tells the bytes.
public struct OutputPath: Hashable, Sendable {
    /// The bytes, with `/` between components: relative, without empty, `.` and `..` components.
    public let bytes: [UInt8]

    /// Takes the bytes of a path; nil when they could lead out of a directory.
    public init?(_ bytes: [UInt8]) {
        let components = bytes.split(separator: Self.slash, omittingEmptySubsequences: false)
        for component in components {
            let isPlain = !component.isEmpty && !component.elementsEqual(".".utf8)
            guard isPlain, !component.elementsEqual("..".utf8), !component.contains(0) else {
                return nil
            }
        }
        self.bytes = bytes
    }

    /// The components of the path; at least one.
    public var components: [[UInt8]] {
        bytes.split(separator: Self.slash).map(Array.init)
    }

    private static let slash = UInt8(ascii: "/")

    /// The reversible text.
    public var text: String {
        var text = ""
        var rest = bytes[...]
        while let first = rest.first {
            let encoded = rest.prefix(Self.sequenceLength(leadingWith: first))
            if let scalar = String(validating: encoded, as: UTF8.self)?.unicodeScalars.first {
                if scalar.properties.generalCategory == .control || scalar == "\\" {
                    for byte in encoded { text += Self.escape(byte) }
                } else {
                    text.unicodeScalars.append(scalar)
                }
                rest = rest.dropFirst(encoded.count)
            } else {
                text += Self.escape(first)
                rest = rest.dropFirst()
            }
        }
        return text
    }

    /// How long the UTF-8 sequence is that begins with `byte` (RFC 3629, section 3).
    private static func sequenceLength(leadingWith byte: UInt8) -> Int {
        switch byte {
        case 0xC0..<0xE0: 2
        case 0xE0..<0xF0: 3
        case 0xF0..<0xF8: 4
        default: 1
        }
    }

    private static func escape(_ byte: UInt8) -> String {
        "\\x" + (byte < 0x10 ? "0" : "") + String(byte, radix: 16)
    }
}
