import Curl
import Foundation
import Testing

@Suite(.timeLimit(.minutes(5)))
struct ClientTests {
    /// What the server says of a request it received.
    private struct Description: Decodable {
        let method: String
        let path: String
        let headers: [String: String]
        let sha256: String
        let port: Int
    }

    private let server: TestServer
    private let client = Client()

    init() throws {
        server = try TestServer.shared.get()
    }

    private func describe(_ request: HTTPRequest) async throws -> Description {
        let response = try await client.perform(request)
        #expect(response.status == 200)
        return try JSONDecoder().decode(Description.self, from: Data(response.body))
    }

    @Test func requestArrivesAsItWasDescribed() async throws {
        let request = HTTPRequest(
            .post,
            server.url("describe?a=b%20c"),
            headers: ["X-Mine": "one, two"],
            body: Array("abc".utf8)
        )
        let description = try await describe(request)
        #expect(description.method == "POST")
        #expect(description.path == "/describe?a=b%20c")
        #expect(description.headers["x-mine"] == "one, two")
        #expect(description.headers["content-length"] == "3")
        #expect(description.headers["content-type"] == nil)
        #expect(description.headers["expect"] == nil)
        #expect(
            description.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )
    }

    /// libcurl sends again what it has sent on a connection that was used before and that ends.
    @Test func aPostIsSentOnceThoughItsConnectionEnds() async throws {
        let server = try TestServer()
        let drops = HTTPRequest(.get, server.url("drops"))
        // A connection is there to be used again.
        #expect(try await client.perform(drops).body == Array("0".utf8))
        let error = await #expect(throws: CurlError.self) {
            try await client.perform(HTTPRequest(.post, server.url("drop"), body: [1]))
        }
        #expect(error?.code == .connectionLost)
        #expect(try await client.perform(drops).body == Array("1".utf8))
    }

    @Test(arguments: [HTTPRequest.Method.get, .post, .delete])
    func everyMethodWorksWithoutABody(method: HTTPRequest.Method) async throws {
        let description = try await describe(HTTPRequest(method, server.url("describe")))
        #expect(description.method == method.rawValue)
    }

    @Test func headersKeepTheirOrderAndIgnoreCase() async throws {
        let response = try await client.perform(HTTPRequest(.get, server.url("describe")))
        #expect(response.headers.fields.filter { $0.name == "X-Twice" }.map(\.value) == ["a", "b"])
        #expect(response.headers["x-tWICE"] == "a")
    }

    @Test func connectionIsUsedAgain() async throws {
        let first = try await describe(HTTPRequest(.get, server.url("describe")))
        let second = try await describe(HTTPRequest(.delete, server.url("describe")))
        #expect(first.port == second.port)
    }

    @Test func errorStatusIsAResponse() async throws {
        let response = try await client.perform(HTTPRequest(.get, server.url("status?code=503")))
        #expect(response.status == 503)
        #expect(String(decoding: response.body, as: UTF8.self) == #"{"message": "as you wish"}"#)
    }

    @Test func responseAboveItsLimitIsRefused() async throws {
        var request = HTTPRequest(.get, server.url("bytes?count=1000"), responseLimit: 1_000)
        #expect(try await client.perform(request).body.count == 1_000)
        request.responseLimit = 999
        let error = await #expect(throws: CurlError.self) { try await client.perform(request) }
        #expect(error?.code == .responseTooLarge)
        #expect(error?.isRetryable == false)
    }

    @Test func silentServerIsATimeout() async throws {
        let request = HTTPRequest(.get, server.url("hang"), timeout: .milliseconds(50))
        let error = await #expect(throws: CurlError.self) { try await client.perform(request) }
        #expect(error?.code == .timedOut)
        #expect(error?.isRetryable == true)
    }

    @Test func cancelledTaskHangsUp() async throws {
        let request = HTTPRequest(.get, server.url("hang"))
        let task = Task { [client] in try await client.perform(request) }
        task.cancel()
        let error = await #expect(throws: CurlError.self) { try await task.value }
        #expect(error?.code == .cancelled)
    }

    @Test func cancelledTransferClosesItsConnection() async throws {
        let server = try TestServer()
        let request = HTTPRequest(.get, server.url("hang"))
        let task = Task { [client] in try await client.perform(request) }
        // The second request runs on the same thread, so the first has been sent by its answer.
        _ = try await describe(HTTPRequest(.get, server.url("describe")))
        task.cancel()
        #expect(try await client.perform(HTTPRequest(.get, server.url("gone"))).status == 200)
        await #expect(throws: CurlError.self) { try await task.value }
    }

    @Test func nobodyListeningIsUnreachable() async throws {
        let error = await #expect(throws: CurlError.self) {
            try await client.perform(HTTPRequest(.get, "http://127.0.0.1:1/"))
        }
        #expect(error?.code == .unreachable)
        #expect(error?.isRetryable == true)
        #expect(error?.description.contains("127.0.0.1") == false)
        #expect(error?.debugDescription.contains("127.0.0.1") == true)
    }

    @Test func serverThatVanishesIsAConnectionLost() async throws {
        let error = await #expect(throws: CurlError.self) {
            try await client.perform(HTTPRequest(.get, server.url("vanish")))
        }
        #expect(error?.code == .connectionLost)
    }

    @Test(arguments: ["a\r\nX-Forged: 1", "a\0b", "a\nb"])
    func headerThatCouldForgeAnotherIsNotSent(value: String) async throws {
        let request = HTTPRequest(.get, server.url("describe"), headers: ["X-Mine": value])
        let error = await #expect(throws: CurlError.self) { try await client.perform(request) }
        #expect(error?.code == .invalidRequest)
    }

    @Test(arguments: ["", "nonsense:", "file:///etc/passwd", "http://127.0.0.1/a\0b"])
    func urlThatIsNotHTTPIsRefused(url: String) async throws {
        let error = await #expect(throws: CurlError.self) {
            try await client.perform(HTTPRequest(.get, url))
        }
        #expect(error?.code == .invalidRequest)
    }

    @Test func manyRequestsRunAtOnce() async throws {
        let url = server.url("bytes?count=10000")
        let total = try await withThrowingTaskGroup(of: Int.self) { [client] group in
            for _ in 0..<100 {
                group.addTask { try await client.perform(HTTPRequest(.get, url)).body.count }
            }
            return try await group.reduce(0, +)
        }
        #expect(total == 1_000_000)
    }
}
