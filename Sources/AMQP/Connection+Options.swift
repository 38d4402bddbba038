extension Connection {
    /// What one connection does differently from another.
    public struct Options: Sendable {
        /// What the broker's own tools call it.
        public var name: String
        /// Bodies above this many bytes are delivered as ``Delivery/Body/oversized(size:prefix:sha256:)``.
        public var bodyLimit: Int
        /// How long the broker may take to answer a call.
        public var callTimeout: Duration
        /// Told of every event, on the connection's thread: it must not block.
        public var observer: @Sendable (ConnectionEvent) -> Void

        /// Options with the defaults that suit most connections.
        public init(
            name: String = "",
            bodyLimit: Int = 16 << 20,
            callTimeout: Duration = .seconds(10),
            observer: @escaping @Sendable (ConnectionEvent) -> Void = { _ in }
        ) {
            self.name = name
            self.bodyLimit = bodyLimit
            self.callTimeout = callTimeout
            self.observer = observer
        }
    }
}
