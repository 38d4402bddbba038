import Curl
import Testing

extension UpgradedStream {
    /// Reads exactly `count` bytes, or what there is before the end.
    func read(count: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count, let chunk = try await read() { bytes += chunk }
        return bytes
    }
}

@Suite(.timeLimit(.minutes(5)))
struct UpgradedStreamTests {
    private let server: TestServer

    init() throws {
        server = try TestServer.shared.get()
    }

    @Test func bytesComeBackInOrder() async throws {
        let stream = try await server.stream("echo")
        let pieces = (0..<500).map { number in
            [UInt8](repeating: UInt8(number & 0xFF), count: number)
        }
        async let received = stream.read(count: pieces.joined().count)
        for piece in pieces { try await stream.write(piece) }
        #expect(try await received == Array(pieces.joined()))
    }

    @Test func bytesRightBehindTheHeadAreRead() async throws {
        let stream = try await server.stream("greet")
        #expect(try await stream.read(count: 5) == Array("hello".utf8))
        #expect(try await stream.read() == nil)
    }

    @Test func refusalIsAResponseWithItsBody() async throws {
        let upgrade = try await Client().upgrade(HTTPRequest(.post, server.url("refuse")))
        guard case .refused(let response) = upgrade else { throw Unexpected(upgrade) }
        #expect(response.status == 409)
        #expect(
            String(decoding: response.body, as: UTF8.self) == #"{"message": "no stream today"}"#
        )
    }

    @Test func refusalMayEndWithTheConnection() async throws {
        let upgrade = try await Client().upgrade(HTTPRequest(.post, server.url("dismiss")))
        guard case .refused(let response) = upgrade else { throw Unexpected(upgrade) }
        #expect(response.status == 404)
        #expect(String(decoding: response.body, as: UTF8.self) == "no such stream")
    }

    @Test func answerThatIsNotHTTPIsAnError() async throws {
        let error = await #expect(throws: CurlError.self) {
            try await Client().upgrade(HTTPRequest(.post, server.url("babble")))
        }
        #expect(error?.code == .malformedResponse)
    }

    @Test func serverThatDoesNotAnswerIsATimeout() async throws {
        let request = HTTPRequest(.post, server.url("hang"), timeout: .milliseconds(50))
        let error = await #expect(throws: CurlError.self) { try await Client().upgrade(request) }
        #expect(error?.code == .timedOut)
    }

    @Test func cancelledUpgradeHangsUp() async throws {
        let request = HTTPRequest(.post, server.url("hang"))
        let task = Task { try await Client().upgrade(request) }
        task.cancel()
        let error = await #expect(throws: CurlError.self) { try await task.value }
        #expect(error?.code == .cancelled)
    }

    @Test func unreachableServerIsAnError() async throws {
        let error = await #expect(throws: CurlError.self) {
            try await Client().upgrade(HTTPRequest(.post, "http://127.0.0.1:1/"))
        }
        #expect(error?.code == .unreachable)
    }

    @Test func readerThatIsBehindStopsTheSender() async throws {
        let server = try TestServer()
        let client = Client()
        let count = 256 << 20
        let stream = try await server.stream("flood?count=\(count)", client)
        let answer = try await client.perform(HTTPRequest(.get, server.url("stalled")))
        // 1 MiB and a burst here, and what the kernel buffers on both sides.
        let sent = try #require(Int(String(decoding: answer.body, as: UTF8.self)))
        #expect(sent < 32 << 20)
        #expect(try await stream.read(count: count).count == count)
        #expect(try await stream.read() == nil)
    }

    @Test func writerWaitsForAPeerThatDoesNotRead() async throws {
        let stream = try await server.stream("deaf")
        let written = Task {
            var count = 0
            while count < 1 << 30 {
                try await stream.write([UInt8](repeating: 0, count: 1 << 20))
                count += 1 << 20
            }
        }
        // Only a waiting writer can be cancelled: the task above ends for no other reason.
        written.cancel()
        let error = await #expect(throws: CurlError.self) { try await written.value }
        #expect(error?.code == .cancelled)
    }

    @Test func closingWakesWhoWaits() async throws {
        let stream = try await server.stream("deaf")
        let read = Task { try await stream.read() }
        let written = Task {
            while true { try await stream.write([UInt8](repeating: 0, count: 1 << 20)) }
        }
        stream.close()
        let writeError = await #expect(throws: CurlError.self) { try await written.value }
        #expect(writeError?.code == .closed)
        let readError = await #expect(throws: CurlError.self) { try await read.value }
        #expect(readError?.code == .closed)
    }

    @Test func cancelledReaderStopsWaiting() async throws {
        let stream = try await server.stream("echo")
        let task = Task { try await stream.read() }
        task.cancel()
        let error = await #expect(throws: CurlError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        try await stream.write([7])
        #expect(try await stream.read() == [7])
    }

    @Test func droppedStreamIsClosed() async throws {
        let server = try TestServer()
        let client = Client()
        for _ in 0..<10 {
            let stream = try await server.stream("echo", client)
            try await stream.write([1])
            #expect(try await stream.read() == [1])
        }
        let answer = try await client.perform(HTTPRequest(.get, server.url("silence")))
        #expect(answer.status == 200)
    }

    @Test func manyStreamsWorkAtOnce() async throws {
        let client = Client()
        try await withThrowingTaskGroup(of: Void.self) { [server] group in
            for number in 0..<64 {
                let stream = try await server.stream("echo", client)
                group.addTask {
                    for round in 0..<100 {
                        let message = Array("\(number): \(round)".utf8)
                        try await stream.write(message)
                        #expect(try await stream.read(count: message.count) == message)
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
