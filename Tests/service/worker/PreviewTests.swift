import SandmillEntity
import Testing

@testable import SandmillService

@Suite struct PreviewTests {
    private func preview(_ head: [UInt8], total: Int, length: Int = 4_096) -> String {
        ResultSummary.Stream(stored: ByteCount(head.count), head: head)
            .described(total: ByteCount(total), length: length).preview
    }

    @Test(arguments: ["\u{E9}", "\u{20AC}", "\u{1F600}"], 0..<4)
    func previewThatIsCutEndsOnAWholeCharacter(character: String, shift: Int) {
        let text = String(repeating: "a", count: shift) + String(repeating: character, count: 4_096)
        let bytes = Array(text.utf8)
        let preview = preview(Array(bytes.prefix(4_096)), total: bytes.count)
        #expect(!preview.contains("\u{FFFD}"))
        #expect(bytes.starts(with: preview.utf8))
        #expect(preview.utf8.count > 4_096 - character.utf8.count)
    }

    @Test func whatIsNoCharacterIsReplacedWhereNothingIsCut() {
        #expect(preview([0x61, 0xE2, 0x82], total: 3) == "a\u{FFFD}")
        #expect(preview([0x61, 0xE2, 0x82], total: 4) == "a")
        #expect(preview([0x80, 0x80, 0x80, 0x80], total: 9) == "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}")
        #expect(preview([], total: 0) == "")
    }
}
