import SandmillEntity
import SandmillService
import Testing

@testable import SandmillAPI

@Suite struct ServerSentEventTests {
    @Test func textStandsAsText() {
        let event = ServerSentEvent(.bytes(.stdout, Array("a\n\nb\"\u{E9}".utf8)))
        #expect(event.text == "event: stdout\ndata: {\"text\":\"a\\n\\nb\\\"\u{E9}\"}\n\n")
    }

    @Test func whatIsNoTextStandsInBase64() {
        let event = ServerSentEvent(.bytes(.stderr, [0xFF, 0x00]))
        #expect(event.text == "event: stderr\ndata: {\"base64\":\"/wA=\"}\n\n")
    }

    @Test func whatIsLostIsTold() {
        let event = ServerSentEvent(.dropped(.stdout, ByteCount(7 as Int64), offset: .zero))
        let data = #"{"bytes":7,"offset":0,"stream":"stdout"}"#
        #expect(event.text == "event: dropped\ndata: \(data)\n\n")
    }

    @Test func theEndHasTheState() {
        #expect(
            ServerSentEvent(.over(.timedOut)).text
                == "event: end\ndata: {\"state\":\"timed_out\"}\n\n"
        )
        #expect(
            ServerSentEvent(.restarted(attempt: 2)).text
                == "event: restarted\ndata: {\"attempt\":2}\n\n"
        )
    }
}
