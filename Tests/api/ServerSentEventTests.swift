import SandmillEntity
import SandmillService
import Testing

@testable import SandmillAPI

@Suite struct ServerSentEventTests {
    private func event(_ output: OutputEvent, _ mark: String = "1:5:0") -> ServerSentEvent {
        ServerSentEvent(MarkedOutput(output: output, mark: OutputCursorToken(mark)))
    }

    @Test func textStandsAsText() {
        let event = self.event(.bytes(.stdout, Array("a\n\nb\"\u{E9}".utf8)))
        #expect(
            event.text == "event: stdout\nid: 1:5:0\ndata: {\"text\":\"a\\n\\nb\\\"\u{E9}\"}\n\n"
        )
    }

    @Test func whatIsNoTextStandsInBase64() {
        let event = self.event(.bytes(.stderr, [0xFF, 0x00]))
        #expect(event.text == "event: stderr\nid: 1:5:0\ndata: {\"base64\":\"/wA=\"}\n\n")
    }

    @Test func whatIsLostIsTold() {
        let event = self.event(.dropped(.stdout, ByteCount(7 as Int64), offset: .zero))
        let data = #"{"bytes":7,"offset":0,"stream":"stdout"}"#
        #expect(event.text == "event: dropped\nid: 1:5:0\ndata: \(data)\n\n")
    }

    @Test func theEndHasTheState() {
        #expect(
            event(.over(.timedOut)).text
                == "event: end\nid: end\ndata: {\"state\":\"timed_out\"}\n\n"
        )
        #expect(
            event(.restarted(attempt: 2)).text
                == "event: restarted\nid: 1:5:0\ndata: {\"attempt\":2}\n\n"
        )
    }
}
