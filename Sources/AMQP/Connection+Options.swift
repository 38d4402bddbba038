extension Connection {
    /// What one connection does differently from another.
    public struct Options: Sendable {
        /// What the broker's own tools call it.
        public var name: String
        /// Bodies above this many bytes are delivered as ``Delivery/Body/oversized(size:prefix:sha256:)``.
        public var bodyLimit: Int
        /// When so many bytes of bodies are not acknowledged, nothing more is read until some are.
        ///
        /// A prefetch counts messages, whatever their size. At most one body more is held.
        public var unacknowledgedLimit: Int
        /// How long the broker may take to answer a call.
        public var callTimeout: Duration
        /// Told of every event, on the connection's thread: it must not block.
        public var observer: @Sendable (ConnectionEvent) -> Void

        /// Options with the defaults that suit most connections.
        public init(
            name: String = "",
            bodyLimit: Int = 16 << 20,
            unacknowledgedLimit: Int = .max,
            callTimeout: Duration = .seconds(10),
            observer: @escaping @Sendable (ConnectionEvent) -> Void = { _ in }
        ) {
            self.name = name
            self.bodyLimit = bodyLimit
            self.unacknowledgedLimit = unacknowledgedLimit
            self.callTimeout = callTimeout
            self.observer = observer
        }
    }
}
