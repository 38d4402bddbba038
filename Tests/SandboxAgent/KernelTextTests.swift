import Testing

@testable import SandboxAgentCore

struct KernelTextTests {
    @Test func numberIsReadUpToTheFirstOtherByte() {
        #expect(Array("8052736\n".utf8).number() == 8_052_736)
        #expect(Array("18446744073709551615".utf8).number() == .max)
    }

    @Test(arguments: ["", "max\n", "-1", "18446744073709551616"])
    func whatIsNoNumberIsNil(_ text: String) {
        #expect(Array(text.utf8).number() == nil)
    }

    @Test func numberIsFoundByTheFirstWordOfItsLine() {
        let events = Array("low 0\noom 3\noom_kill 2\noom_group_kill 1\n".utf8)
        #expect(events.number(after: "oom_kill") == 2)
        #expect(events.number(after: "oom") == 3)
        #expect(events.number(after: "kill") == nil)
    }

    @Test func numberIsFoundByTheIndexOfItsWord() {
        let text = Array("sockets: used 5\nTCP: inuse 1 orphan 0 tw 7 alloc 2 mem 3\n".utf8)
        #expect(text.number(word: 2, after: "TCP:") == 1)
        #expect(text.number(word: 6, after: "TCP:") == 7)
        #expect(text.number(word: 12, after: "TCP:") == nil)
    }
}
