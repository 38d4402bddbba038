import SandmillEntity
import TestSupport
import Testing

@Suite("OutputPath")
struct OutputPathTests {
    @Test(arguments: [
        ("out.csv", "out.csv"),
        ("plots/größe.png", "plots/größe.png"),
        ("two\nlines", "two\\x0alines"),
        ("\u{1B}[31mred", "\\x1b[31mred"),
        ("back\\slash", "back\\x5cslash"),
        ("next\u{85}line", "next\\xc2\\x85line"),
        ("\"quoted\" $(id)", "\"quoted\" $(id)"),
        ("-rf", "-rf"),
    ])
    func textStandsAsItIsButForControlCharactersAndBackslashes(name: String, text: String) throws {
        #expect(try #require(OutputPath(Array(name.utf8))).text == text)
    }

    @Test(
        arguments: [
            ([0xFF, 0xFE], "\\xff\\xfe"),
            ([0x61, 0xC3], "a\\xc3"),
            ([0xE2, 0x82, 0x61], "\\xe2\\x82a"),
            ([0xC0, 0xAF], "\\xc0\\xaf"),
            ([0xED, 0xA0, 0x80], "\\xed\\xa0\\x80"),
            ([0xF0, 0x9F, 0x98, 0x80], "\u{1F600}"),
        ] as [([UInt8], String)]
    )
    func bytesThatAreNoTextAreEscaped(bytes: [UInt8], text: String) throws {
        #expect(try #require(OutputPath(bytes)).text == text)
    }

    @Test(arguments: ["", "/", "/etc/passwd", "a//b", "a/", ".", "..", "a/../b", "./a", "a\0b"])
    func aPathThatCouldLeadOutOfItsDirectoryIsNone(path: String) {
        #expect(OutputPath(Array(path.utf8)) == nil)
    }

    @Test func theTextTellsTheBytes() throws {
        var random = SeededGenerator(seed: 5)
        let alphabet: [UInt8] = Array("a\\x0\n~é€😀".utf8) + [0xFF, 0xC3, 0xE2, 0x80, 0x1B, 0x7F]
        for _ in 0..<5_000 {
            let length = Int.random(in: 1...12, using: &random)
            let bytes = (0..<length).compactMap { _ in alphabet.randomElement(using: &random) }
            let text = try #require(OutputPath(bytes)).text
            #expect(Self.bytes(of: text) == bytes)
        }
    }

    /// The inverse of ``OutputPath/text``.
    private static func bytes(of text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let first = rest.popFirst() {
            if first == UInt8(ascii: "\\") {
                let digits = String(decoding: rest.dropFirst().prefix(2), as: UTF8.self)
                bytes.append(UInt8(digits, radix: 16) ?? 0)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(first)
            }
        }
        return bytes
    }
}
