public import SandmillEntity

/// How a Sandmill process is set up.
///
/// Each property stands in `config/sandmill.yaml` with its meaning, unit and default.
public struct Configuration: Equatable, Sendable {
    /// Where the broker is and how it is used.
    public struct Broker: Equatable, Sendable {
        /// `amqp://` or `amqps://`, of one node or several.
        public var url: String
        /// What every exchange and queue name begins with.
        public var prefix: String
        /// The certificate authorities that a broker's certificate is checked against.
        public var caFile: String?
        /// How many deliveries of one queue may be unacknowledged.
        public var prefetch: Int
        /// The longest body of a request.
        public var maximumBody: ByteCount
        /// How long an accepted execution waits for its message.
        public var messageTimeout: Duration
        /// For which tenants each user may publish, `*` for all; nil where everybody may for each.
        public var users: [String: [String]]?
        /// The queues that may be answered to, or beginnings of their names with a `*` behind.
        public var replyQueues: [String]
    }

    /// Where the records are.
    public struct Database: Equatable, Sendable {
        /// A libpq connection string or URI.
        public var url: String
        /// The schema with our tables.
        public var schema: String
        /// The most connections of one process.
        public var connections: Int
    }

    /// Where the container engine is.
    public struct Engine: Equatable, Sendable {
        /// `unix://` or `tcp://`.
        public var url: String
        /// The certificate authorities for `tcp://` with TLS.
        public var caFile: String?
        /// The client certificate for `tcp://` with TLS.
        public var certificateFile: String?
        /// Its key.
        public var keyFile: String?
    }

    /// How the worker works.
    public struct Worker: Equatable, Sendable {
        /// Its name among all workers.
        public var id: String
        /// How many executions may be claimed beyond the sandboxes of a pool.
        public var claimAhead: Int
        /// How many executions of a level of a tenant it may let wait in the record store, whatever their size.
        public var window: Int
        /// What their requests may take, however many they are.
        public var windowSize: ByteCount
        /// After so many attempts a fault of ours ends an execution.
        public var maximumAttempts: Int
        /// How long it may take to finish what runs when it is told to stop.
        public var drainTimeout: Duration
        /// Where it serves its metrics and its health; nil for nowhere.
        public var listen: ListenAddress?
    }

    /// How much is logged.
    public enum LogLevel: String, CaseIterable, Sendable {
        /// Everything.
        case debug
        /// What an operator wants to see.
        case info
        /// What an operator should look at.
        case warning
        /// What failed.
        case error
    }

    /// How the log is written.
    public enum LogFormat: String, CaseIterable, Sendable {
        /// For people: the message, then what varies.
        case text
        /// For programs: a JSON document a line.
        case json
    }

    /// What the installation is called in events.
    public var cluster: String
    /// How long a worker or gateway that starts waits for servers that are away.
    public var startTimeout: Duration
    /// The broker.
    public var broker: Broker
    /// The database.
    public var database: Database
    /// The engine.
    public var engine: Engine
    /// Where results are kept.
    public var resultsRoot: String
    /// Which group may read results, by name or number; nil for the group of the process.
    public var resultsGroup: String?
    /// How many bytes of results a tenant may write a second, in each pool of a worker.
    public var resultsTenantRate: ByteCount
    /// Where results go; nil where they stay in the results directory.
    public var upload: UploadConfiguration?
    /// The worker.
    public var worker: Worker
    /// What is kept, and for how long.
    public var retention: RetentionPolicy
    /// The HTTP gateway.
    public var gateway: GatewayConfiguration
    /// How much is logged.
    public var logLevel: LogLevel
    /// How it is written.
    public var logFormat: LogFormat
    /// What can run programs, where a pool enables it.
    public var runtimes: [Runtime]
    /// The pools, by name.
    public var pools: [PoolConfiguration]
    /// What is not as it should be and does no harm, a line each.
    public var warnings: [String]
}
