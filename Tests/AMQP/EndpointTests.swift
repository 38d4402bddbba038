import AMQP
import Testing

@Suite struct EndpointTests {
    @Test func aBareHostGetsTheUsualDefaults() throws {
        #expect(try Endpoint(url: "amqp://broker") == Endpoint(host: "broker"))
        #expect(try Endpoint(url: "amqp://broker/") == Endpoint(host: "broker"))
        #expect(try Endpoint(url: "amqps://broker").addresses[0].port == 5671)
    }

    @Test func everyPartIsRead() throws {
        let endpoint = try Endpoint(
            url: "amqp://me:secret@10.0.0.1:1234/test?heartbeat=5&connection_timeout=1500"
        )
        let expected = Endpoint(
            host: "10.0.0.1",
            port: 1234,
            user: "me",
            password: "secret",
            virtualHost: "test",
            heartbeat: .seconds(5),
            connectTimeout: .milliseconds(1500)
        )
        #expect(endpoint == expected)
    }

    @Test func userPasswordAndVirtualHostArePercentDecoded() throws {
        let endpoint = try Endpoint(url: "amqp://a%40b:p%2Fw%3a%25@broker/%2f%C3%A9")
        #expect(endpoint.user == "a@b")
        #expect(endpoint.password == "p/w:%")
        #expect(endpoint.virtualHost == "/é")
    }

    @Test func anAddressOfVersion6HasBrackets() throws {
        let endpoint = try Endpoint(url: "amqp://[::1]:5673")
        #expect(endpoint.addresses[0].host == "::1")
        #expect(endpoint.addresses[0].port == 5673)
        #expect("\(endpoint)" == "amqp://guest@[::1]:5673")
    }

    @Test func aBrokerOfSeveralNodesHasSeveralAddresses() throws {
        let endpoint = try Endpoint(url: "amqp://me:a,b@one:1,[::1],two/test?heartbeat=5")
        #expect(
            endpoint.addresses == [
                Endpoint.Address(host: "one", port: 1),
                Endpoint.Address(host: "::1", port: 5672),
                Endpoint.Address(host: "two", port: 5672),
            ]
        )
        #expect(endpoint.password == "a,b")
        #expect("\(endpoint)" == "amqp://me@one:1,[::1]:5672,two:5672/test")
    }

    @Test func certificatesBelongToTheSecureScheme() throws {
        let endpoint = try Endpoint(
            url: "amqps://b?cacertfile=/ca.pem&certfile=/c.pem&keyfile=/k.pem&verify=verify_none"
        )
        let expected = Endpoint.TLS(
            authorityFile: "/ca.pem",
            certificateFile: "/c.pem",
            keyFile: "/k.pem",
            verifiesPeer: false
        )
        #expect(endpoint.tls == expected)
        #expect(try Endpoint(url: "amqps://b").tls?.verifiesPeer == true)
    }

    @Test(
        arguments: [
            ("http://broker", "amqp://"),
            ("broker", "amqp://"),
            ("amqp://", "no host"),
            ("amqp://:5672", "no host"),
            ("amqp://one,", "no host"),
            ("amqp://one,two:x", "port"),
            ("amqp://broker:0", "port"),
            ("amqp://broker:65536", "port"),
            ("amqp://broker:", "port"),
            ("amqp://[::1", "]"),
            ("amqp://[::1]x", "]"),
            ("amqp://u:%zz@broker", "password"),
            ("amqp://u:%4@broker", "password"),
            ("amqp://u:%00@broker", "password"),
            ("amqp://broker/%ff", "virtual host"),
            ("amqp://broker?heartbeat=0", "heartbeat"),
            ("amqp://broker?heartbeat=ten", "heartbeat"),
            ("amqp://broker?connection_timeout=-1", "connection_timeout"),
            ("amqp://broker?cacertfile=/ca.pem", "cacertfile"),
            ("amqps://broker?verify=maybe", "verify"),
            ("amqp://broker?colour=red", "unknown parameter"),
            ("amqp://broker/a#b", "fragment"),
        ])
    func whatIsWrongIsSaid(url: String, part: String) async throws {
        let error = try await failure { try Endpoint(url: url) }
        #expect(error.code == .invalidURL)
        #expect(error.message.contains(part))
        #expect(!error.isRetryable)
    }

    @Test(
        arguments: [
            "amqp://me:s3cr3t@broker:x", "amqp://me:s3/cr3t@broker", "amqp://me:s3?cr3t@broker",
            "amqp://me:s3#cr3t@broker", "amqp://me:s3%cr3t@broker", "amqp://me:s3cr3t@broker?x=1",
            "me:s3cr3t@broker",
        ])
    func noErrorQuotesAPassword(url: String) async throws {
        let error = try await failure { try Endpoint(url: url) }
        #expect(!error.message.contains("s3"))
        #expect(!error.message.contains("cr3t"))
    }

    @Test func noDescriptionShowsThePassword() throws {
        let endpoint = try Endpoint(url: "amqps://me:s3cr3t@broker/test")
        var dumped = ""
        dump(endpoint, to: &dumped)
        let shown = [
            "\(endpoint)", "\(Optional(endpoint) as Any)", String(reflecting: endpoint), dumped,
        ]
        #expect(
            shown.allSatisfy {
                !$0.contains("s3cr3t") && $0.contains("amqps://me@broker:5671/test")
            }
        )
    }
}
