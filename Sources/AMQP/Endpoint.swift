/// Where a broker is and how to enter it.
///
/// Descriptions and reflection leave the password out.
public struct Endpoint: Hashable, Sendable {
    /// How an `amqps` connection is secured.
    public struct TLS: Hashable, Sendable {
        /// PEM file of the authorities to trust; by default the system's own
        /// (`/etc/ssl/certs/ca-certificates.crt`).
        public var authorityFile: String?
        /// PEM file of this side's certificate, if the broker asks for one.
        public var certificateFile: String?
        /// PEM file of that certificate's key.
        public var keyFile: String?
        /// Whether the broker's certificate and host name are verified.
        public var verifiesPeer: Bool

        /// Trusts what the system trusts, and verifies, unless said otherwise.
        public init(
            authorityFile: String? = nil,
            certificateFile: String? = nil,
            keyFile: String? = nil,
            verifiesPeer: Bool = true
        ) {
            self.authorityFile = authorityFile
            self.certificateFile = certificateFile
            self.keyFile = keyFile
            self.verifiesPeer = verifiesPeer
        }
    }

    /// A name or a numeric address; an IPv6 address has no brackets here.
    public var host: String
    /// 1 to 65535.
    public var port: Int
    /// Whose permissions the connection has.
    public var user: String
    /// What proves the user.
    public var password: String
    /// The virtual host to enter.
    public var virtualHost: String
    /// How often each side must hear from the other.
    ///
    /// After two of these without a byte the connection counts as lost. Whole seconds, at
    /// least one; the broker may ask for less.
    public var heartbeat: Duration
    /// How long the TCP connection may take, and then again the login.
    public var connectTimeout: Duration
    /// Set for `amqps`.
    public var tls: TLS?

    /// A broker at its usual port, by default a plain one on this host with its default user.
    public init(
        host: String = "localhost",
        port: Int? = nil,
        user: String = "guest",
        password: String = "guest",
        virtualHost: String = "/",
        heartbeat: Duration = .seconds(10),
        connectTimeout: Duration = .seconds(10),
        tls: TLS? = nil
    ) {
        self.host = host
        self.port = port ?? (tls == nil ? 5672 : 5671)
        self.user = user
        self.password = password
        self.virtualHost = virtualHost
        self.heartbeat = heartbeat
        self.connectTimeout = connectTimeout
        self.tls = tls
    }
}

extension Endpoint: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The URL without password and parameters.
    public var description: String {
        let path = virtualHost == "/" ? "" : "/\(virtualHost)"
        let shownHost = host.contains(":") ? "[\(host)]" : host
        return "\(tls == nil ? "amqp" : "amqps")://\(user)@\(shownHost):\(port)\(path)"
    }

    /// ``description``.
    public var debugDescription: String { description }

    /// Only what ``description`` shows.
    public var customMirror: Mirror {
        Mirror(self, children: ["url": description])
    }
}
