import SandmillEntity
import SandmillService
import Testing

@Suite("The headers of a request")
struct HeaderTests {
    private static let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    private func kept(_ headers: [String: String]) -> [String: String] {
        RequestMessage(properties: MessageProperties(headers: headers), body: []).properties.headers
    }

    @Test func onlyThoseWithAMeaningAreKept() {
        let meaningful = ["tenant": "acme", "traceparent": Self.parent, "tracestate": "a=1"]
        #expect(kept(meaningful) == meaningful)
        #expect(kept(meaningful.merging(["CC": "q", "x-death": "1"]) { $1 }) == meaningful)
    }

    @Test(arguments: [
        "", "00", String(repeating: "0", count: 25_000), parent + "-x", parent.uppercased(),
        "01" + parent.dropFirst(2),
        "00-" + String(repeating: "0", count: 32) + "-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", parent + "\r\nx: y",
    ])
    func aTraceparentThatIsNoneIsLeftOut(text: String) {
        #expect(kept(["traceparent": text, "tracestate": "a=1", "tenant": "t"]) == ["tenant": "t"])
    }

    @Test func aTracestateIsBounded() {
        let longest = String(repeating: "a", count: 512)
        let headers = ["traceparent": Self.parent, "tracestate": longest]
        #expect(kept(headers) == headers)
        #expect(
            kept(headers.mapValues { $0 == longest ? $0 + "a" : $0 }) == [
                "traceparent": Self.parent
            ]
        )
    }

    @Test func aTracestateWithoutATraceIsLeftOut() {
        #expect(kept(["tracestate": "a=1"]) == [:])
    }
}
