import Curl
import Foundation
import Testing

/// Against a real Docker engine, whose unix socket `SANDMILL_ENGINE_URL` names.
@Suite(.timeLimit(.minutes(5)))
struct EngineTests {
    private let client: Client

    init() throws {
        let url = try #require(ProcessInfo.processInfo.environment["SANDMILL_ENGINE_URL"])
        try #require(url.hasPrefix("unix://"))
        client = Client(ClientConfiguration(unixSocket: String(url.dropFirst("unix://".count))))
    }

    @Test func engineAnswersAPing() async throws {
        let response = try await client.perform(HTTPRequest(.get, "http://docker/_ping"))
        #expect(response.status == 200)
        #expect(response.body == Array("OK".utf8))
        #expect(response.headers["Api-Version"] != nil)
    }

    @Test func unknownContainerIsNotFound() async throws {
        let url = "http://docker/containers/nobody/json"
        let response = try await client.perform(HTTPRequest(.get, url))
        #expect(response.status == 404)
        #expect(String(decoding: response.body, as: UTF8.self).contains("No such container"))
    }

    @Test func unknownContainerIsNotAttachedTo() async throws {
        let url = "http://docker/containers/nobody/attach?stream=1&stdin=1&stdout=1"
        let upgrade = try await client.upgrade(HTTPRequest(.post, url))
        guard case .refused(let response) = upgrade else { throw Unexpected(upgrade) }
        #expect(response.status == 404)
        #expect(String(decoding: response.body, as: UTF8.self).contains("No such container"))
    }
}
