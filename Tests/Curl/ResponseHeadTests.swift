import Testing

@testable import Curl

struct ResponseHeadTests {
    private let text = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nX-A:  b \r\n\r\nrest"

    @Test func headMayBeCutAnywhere() throws {
        let bytes = Array(text.utf8)
        for cut in 1..<bytes.count {
            var head = ResponseHead()
            let early = try head.append(bytes[..<cut])
            let late = try early == nil ? head.append(bytes[cut...]) : nil
            let (response, rest) = try #require(early ?? late)
            #expect(response.status == 101)
            #expect(response.headers == ["Connection": "Upgrade", "X-A": "b"])
            #expect(
                early == nil ? Array(rest) == Array("rest".utf8) : "rest".utf8.starts(with: rest)
            )
        }
    }

    @Test(arguments: [
        "HTTP/1.1\r\n\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "\r\n\r\n",
    ])
    func otherThanHTTP1IsRefused(text: String) throws {
        var head = ResponseHead()
        #expect(throws: CurlError.self) { try head.append(Array(text.utf8)[...]) }
    }

    @Test func headWithoutAnEndIsRefused() throws {
        var head = ResponseHead()
        let line = [UInt8](repeating: 0x61, count: 1 << 10)
        #expect(throws: CurlError.self) { while true { _ = try head.append(line[...]) } }
    }
}
