/// Where a broker is and how to enter it.
///
/// A broker of several nodes has several addresses; each connection tries them in an order of its own.
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

    /// Where one node listens.
    public struct Address: Hashable, Sendable {
        /// A name or a numeric address; an IPv6 address has no brackets here.
        public var host: String
        /// 1 to 65535.
        public var port: Int

        /// Names a node.
        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    /// The nodes, any of which will do; at least one.
    public var addresses: [Address]
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
    ///
    /// Several addresses share it, but each has two seconds.
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
        addresses = [Address(host: host, port: port ?? Self.usualPort(tls))]
        self.user = user
        self.password = password
        self.virtualHost = virtualHost
        self.heartbeat = heartbeat
        self.connectTimeout = connectTimeout
        self.tls = tls
    }

    /// What IANA has registered for AMQP.
    static func usualPort(_ tls: TLS?) -> Int { tls == nil ? 5672 : 5671 }

    /// ``connectTimeout`` of each address.
    var addressTimeout: Duration {
        min(connectTimeout, max(.seconds(2), connectTimeout / addresses.count))
    }
}

extension Endpoint.Address: CustomStringConvertible {
    /// `host:port`, an IPv6 address in brackets.
    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}

extension Endpoint: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The URL without password and parameters.
    public var description: String {
        let path = virtualHost == "/" ? "" : "/\(virtualHost)"
        let nodes = addresses.map(\.description).joined(separator: ",")
        return "\(tls == nil ? "amqp" : "amqps")://\(user)@\(nodes)\(path)"
    }

    /// ``description``.
    public var debugDescription: String { description }

    /// Only what ``description`` shows.
    public var customMirror: Mirror {
        Mirror(self, children: ["url": description])
    }
}
