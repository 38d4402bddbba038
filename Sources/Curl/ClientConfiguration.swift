/// How a ``Client`` makes its connections.
public struct ClientConfiguration: Sendable {
    /// The files, in PEM format, of a TLS connection; the server is always verified.
    public struct TLS: Sendable {
        /// The certificates of the authorities to trust; nil for those of the system.
        public var authorities: String?
        /// This side's certificate.
        public var certificate: String?
        /// The private key of the certificate.
        public var key: String?

        /// Names the files.
        public init(authorities: String? = nil, certificate: String? = nil, key: String? = nil) {
            self.authorities = authorities
            self.certificate = certificate
            self.key = key
        }
    }

    /// The path of the unix socket to connect to, whatever host a URL names; nil for TCP.
    public var unixSocket: String?
    /// What `https://` connections use.
    public var tls: TLS
    /// How long a connection may take to make, the TLS handshake included.
    public var connectTimeout: Duration

    /// Describes how to connect.
    public init(
        unixSocket: String? = nil,
        tls: TLS = TLS(),
        connectTimeout: Duration = .seconds(10)
    ) {
        self.unixSocket = unixSocket
        self.tls = tls
        self.connectTimeout = connectTimeout
    }
}
