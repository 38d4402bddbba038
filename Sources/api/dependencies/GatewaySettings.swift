public import SandmillEntity

/// How the HTTP gateway is set up.
public struct GatewaySettings: Equatable, Sendable {
    /// What a client may use at once, and for how long.
    public struct Limits: Equatable, Sendable {
        /// The longest body of a request.
        public var body: ByteCount
        /// The longest head of a request: its line and its fields.
        public var header: ByteCount
        /// How many connections there may be; the next wait in the kernel's queue.
        public var connections: Int
        /// How long a connection may be without a complete head of a request.
        public var idle: Duration
        /// How long a client may take to send a body, and to take what was sent to it.
        public var transfer: Duration
        /// How many requests a second a token, or a tenant without one, may make; for a moment
        /// twice as many.
        public var requestsPerSecond: Int
        /// How long `POST /execute/sync` waits when it is not told, and at most.
        public var wait: Duration
        /// The longest that a client may ask it to wait.
        public var maximumWait: Duration
        /// How many such requests may wait at once.
        public var waits: Int
        /// How many live outputs may be followed at once.
        public var streams: Int

        /// Puts limits together.
        public init(
            body: ByteCount,
            header: ByteCount,
            connections: Int,
            idle: Duration,
            transfer: Duration,
            requestsPerSecond: Int,
            wait: Duration,
            maximumWait: Duration,
            waits: Int,
            streams: Int
        ) {
            self.body = body
            self.header = header
            self.connections = connections
            self.idle = idle
            self.transfer = transfer
            self.requestsPerSecond = requestsPerSecond
            self.wait = wait
            self.maximumWait = maximumWait
            self.waits = waits
            self.streams = streams
        }
    }

    /// The address to listen on.
    public var host: String
    /// The port; 0 for any that is free.
    public var port: Int
    /// What clients may use.
    public var limits: Limits
    /// What the pools are called, the one that runs what names none first.
    public var pools: [String]
    /// The origins whose pages may use it, `*` for all.
    public var origins: [String]

    /// Puts settings together.
    public init(
        host: String,
        port: Int,
        limits: Limits,
        pools: [String],
        origins: [String] = []
    ) {
        precondition(!pools.isEmpty, "there is a pool")
        self.origins = origins
        self.host = host
        self.port = port
        self.limits = limits
        self.pools = pools
    }

    /// Whether only this machine can reach it.
    public var isLoopback: Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }
}
