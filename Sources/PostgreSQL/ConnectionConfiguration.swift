/// Where the server is and how to talk to it.
///
/// Its description does not show the connection string, which may hold a password.
public struct ConnectionConfiguration: Sendable, CustomStringConvertible {
    /// A URI or keywords and values, as libpq takes them (manual, 34.1.1): several hosts,
    /// `sslmode` and all other options included.
    public var connectionString: String

    /// Options that hold where the connection string does not set them, by libpq's names.
    ///
    /// They come before `PG…` environment variables. As they are here, opening takes at most 5 s
    /// for each address, and 5 s more where the first of them is silent; a dead peer is found within
    /// 25 s when idle, 10 s when sending.
    public var defaults = [
        "connect_timeout": "5",
        "keepalives_idle": "10",
        "keepalives_interval": "5",
        "keepalives_count": "3",
        "tcp_user_timeout": "10000",
    ]

    /// Settings of the session, such as `search_path`, by the server's names (manual, 20).
    public var settings: [String: String] = [:]

    /// How long a statement may take where its call does not say.
    public var statementTimeout: Duration = .seconds(15)

    /// Takes a connection string, which is checked when a connection is opened.
    ///
    /// - Parameters:
    ///   - connectionString: A URI or keywords and values.
    ///   - applicationName: How the server lists the connection, unless the connection string
    ///     has its own `application_name`.
    public init(_ connectionString: String, applicationName: String) {
        self.connectionString = connectionString
        defaults["application_name"] = applicationName
    }

    /// Says nothing of the connection string.
    public var description: String { "a PostgreSQL connection string" }
}
