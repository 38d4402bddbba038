import Curl
import Testing

@Suite(.timeLimit(.minutes(5)))
struct TLSTests {
    private let directory: TemporaryDirectory
    private let certificates: Certificates
    private let server: TestServer

    init() throws {
        directory = try TemporaryDirectory()
        certificates = try Certificates(in: directory)
        server = try TestServer(certificates: certificates)
    }

    private var settings: ClientConfiguration.TLS {
        ClientConfiguration.TLS(
            authorities: certificates.authority,
            certificate: certificates.client.certificate,
            key: certificates.client.key
        )
    }

    private func error(of tls: ClientConfiguration.TLS, _ url: String) async -> CurlError? {
        await #expect(throws: CurlError.self) {
            try await Client(ClientConfiguration(tls: tls)).perform(HTTPRequest(.get, url))
        }
    }

    @Test func bothSidesAreVerified() async throws {
        let client = Client(ClientConfiguration(tls: settings))
        let request = HTTPRequest(.get, server.secureURL("bytes?count=5"))
        #expect(try await client.perform(request).body.count == 5)
    }

    @Test func unknownAuthorityIsRefused() async throws {
        var tls = settings
        tls.authorities = nil
        let error = await error(of: tls, server.secureURL("bytes?count=5"))
        #expect(error?.code == .handshakeFailed)
        #expect(error?.isRetryable == false)
    }

    @Test func certificateOfAnotherHostIsRefused() async throws {
        let error = await error(of: settings, "https://127.0.0.1:\(server.port)/bytes?count=5")
        #expect(error?.code == .handshakeFailed)
    }

    @Test func clientWithoutACertificateIsRefused() async throws {
        let tls = ClientConfiguration.TLS(authorities: certificates.authority)
        #expect(await error(of: tls, server.secureURL("bytes?count=5")) != nil)
    }

    @Test func upgradedStreamIsEncryptedToo() async throws {
        let client = Client(ClientConfiguration(tls: settings))
        let upgrade = try await client.upgrade(HTTPRequest(.post, server.secureURL("echo")))
        guard case .upgraded(let stream) = upgrade else { throw Unexpected(upgrade) }
        let sent = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 4) }
        async let received = stream.read(count: sent.count)
        try await stream.write(sent)
        #expect(try await received == sent)
    }
}
