import SandmillEntity
import Testing

@Suite struct OutputPathTextTests {
    @Test(arguments: [
        "out.csv", "plots/é.png", "a b", "line\nbreak", "back\\slash", "\\x41", "\u{7F}", "tab\t",
    ])
    func theTextTellsThePath(name: String) throws {
        let path = try #require(OutputPath(Array(name.utf8)))
        #expect(OutputPath(text: path.text) == path)
    }

    @Test func bytesThatAreNoTextComeBackToo() throws {
        let path = try #require(OutputPath([0x61, 0xFF, 0xC3, 0x2F, 0x80]))
        #expect(OutputPath(text: path.text) == path)
    }

    @Test(arguments: [
        "", "/etc/passwd", "../x", "a/../b", "a//b", ".", "a\\", "\\x4", "\\xZZ", "\\x41",
        "\\x2e\\x2e/etc", "\\x2fetc", "\\x0A", "a\\x00",
    ])
    func whatIsNoTextOfAPathIsNothing(text: String) {
        #expect(OutputPath(text: text) == nil)
    }
}
