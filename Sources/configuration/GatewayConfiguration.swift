public import SandmillEntity

/// Where the HTTP gateway listens, and what its clients may use.
public struct GatewayConfiguration: Equatable, Sendable {
    /// The address: an IP address or a host's name.
    public var host: String
    /// The port; 0 for any that is free.
    public var port: Int
    /// The longest head of a request.
    public var maximumHeader: ByteCount
    /// How many connections there may be.
    public var connections: Int
    /// How long a connection may be without a complete head of a request.
    public var idleTimeout: Duration
    /// How long a client may take for a body, and to read what is written to it.
    public var transferTimeout: Duration
    /// How many requests a second a token may make, or a tenant where there are no tokens.
    public var requestsPerSecond: Int
    /// How long a request for a result waits that does not say.
    public var wait: Duration
    /// The longest that a request may ask to wait.
    public var maximumWait: Duration
    /// How many requests may wait at once.
    public var waits: Int
    /// How many live outputs may be followed at once.
    public var streams: Int
    /// The origins whose pages may use it; `*` for all.
    public var origins: [String]
}

extension GatewayConfiguration {
    init(_ reader: inout SettingsReader) {
        let address = reader.address("gateway.listen", default: ListenAddress("127.0.0.1", 8_080))
        (host, port) = (address.host, address.port)
        maximumHeader = reader.bytes("gateway.maximum_header", default: .kibibytes(32))
        connections = reader.count("gateway.connections", default: 16_384, in: 1...1_000_000)
        idleTimeout = reader.duration("gateway.idle_timeout", default: .seconds(60))
        transferTimeout = reader.duration("gateway.transfer_timeout", default: .seconds(60))
        requestsPerSecond = reader.count(
            "gateway.requests_per_second",
            default: 1_000,
            in: 1...1_000_000
        )
        wait = reader.duration("gateway.wait", default: .seconds(30))
        maximumWait = reader.duration("gateway.maximum_wait", default: .seconds(300))
        waits = reader.count("gateway.waits", default: 1_000, in: 1...1_000_000)
        streams = reader.count("gateway.streams", default: 200, in: 1...1_000_000)
        origins = reader.list("gateway.origins", default: [])
        for origin in origins where origin != "*" && !Self.isOrigin(origin) {
            reader.refuse(
                "gateway.origins",
                "has a text that is no origin, such as https://lab.example.org"
            )
        }
        if wait > maximumWait { reader.refuse("gateway.wait", "is above gateway.maximum_wait") }
    }

    /// Whether a text is an origin as browsers write it: scheme, host in lower case, and a port that is not the
    /// scheme's own (RFC 6454, section 6.2).
    private static func isOrigin(_ text: String) -> Bool {
        text.wholeMatch(of: /https?:\/\/([a-z0-9._\-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?/) != nil
            && !(text.hasPrefix("http://") && text.hasSuffix(":80"))
            && !(text.hasPrefix("https://") && text.hasSuffix(":443"))
    }
}
