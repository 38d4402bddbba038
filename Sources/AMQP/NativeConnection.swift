internal import CRabbitMQ
internal import Glibc

/// The one owner of a librabbitmq connection that is logged in; its end closes the socket.
///
/// Every function belongs on one thread. A write blocks while the socket takes nothing: for ever,
/// if the other side neither reads nor ends, so the owner must have it watched (``Watchdog``).
@safe struct NativeConnection: ~Copyable {
    private let library: Library
    /// Memory for what the current call encodes.
    var arena = Arena()

    /// The socket, which stays the library's.
    let descriptor: CInt
    /// What was agreed with the broker.
    let heartbeat: Duration
    /// The highest channel number that was agreed with the broker.
    let channelMaximum: UInt16
    /// What fits into a frame beside the other properties, each at most 256 bytes.
    private let headersMaximum: Int

    /// Connects and logs in; blocks, at most for twice the endpoint's ``Endpoint/addressTimeout``.
    init(
        opening endpoint: Endpoint,
        at address: Endpoint.Address,
        clientProperties: FieldTable
    ) throws(AMQPError) {
        let library = try Library()
        try library.openSocket(to: endpoint, at: address)
        try library.logIn(to: endpoint, clientProperties: clientProperties)
        descriptor = unsafe amqp_get_sockfd(library.state)
        heartbeat = .seconds(unsafe Int(amqp_get_heartbeat(library.state)))
        channelMaximum = UInt16(clamping: unsafe amqp_get_channel_max(library.state))
        headersMaximum = unsafe Int(amqp_get_frame_max(library.state)) - 4_096
        self.library = library
    }

    /// Whether a frame may be waiting that polling the socket does not show.
    var hasBufferedInput: Bool {
        unsafe amqp_frames_enqueued(library.state) != 0
            || amqp_data_in_buffer(library.state) != 0
    }

    /// Takes the next frame that has arrived; sends a heartbeat when one is due.
    ///
    /// - Returns: `nil` when no whole frame is there.
    /// - Throws: ``AMQPError/Code/connectionLost``, also after two heartbeats of silence.
    mutating func nextFrame() throws(AMQPError) -> Frame? {
        while true {
            var frame = unsafe amqp_frame_t()
            var noTime = timeval()
            let status = unsafe amqp_simple_wait_frame_noblock(library.state, &frame, &noTime)
            if status == AMQP_STATUS_TIMEOUT.rawValue { return nil }
            try check(status)
            let copy = unsafe Frame(copying: frame)
            unsafe amqp_maybe_release_buffers_on_channel(library.state, frame.channel)
            if let copy { return copy }
        }
    }

    /// Tells the broker that this side lives; ``nextFrame()`` does so by itself.
    mutating func sendHeartbeat() throws(AMQPError) {
        var frame = unsafe amqp_frame_t()
        unsafe frame.frame_type = UInt8(AMQP_FRAME_HEARTBEAT)
        try check(unsafe amqp_send_frame(library.state, &frame))
    }

    /// Writes a request; the errors are those of ``Request/write``.
    mutating func send(_ request: Request, on channel: UInt16) throws(AMQPError) {
        arena.recycle()
        try request.write(&self, channel)
    }

    /// Writes a method; `arguments` is the C structure that belongs to `method`.
    mutating func transmit<Arguments: BitwiseCopyable>(
        _ method: UInt32,
        _ arguments: Arguments,
        on channel: UInt16
    ) throws(AMQPError) {
        var arguments = arguments
        let status = unsafe amqp_send_method(library.state, channel, method, &arguments)
        try check(status)
    }

    /// Writes a message.
    ///
    /// - Throws: ``AMQPError/Code/invalidArgument`` before anything was written: a method without
    ///   its header would spoil the connection.
    mutating func publish(_ message: Message, on channel: UInt16) throws(AMQPError) {
        guard message.properties.headers?.encodedSize ?? 0 <= headersMaximum else {
            throw AMQPError(.invalidArgument, "the headers take more than \(headersMaximum) bytes")
        }
        arena.recycle()
        let exchange = unsafe try arena.shortString(message.exchange, "exchange's name")
        let routingKey = unsafe try arena.shortString(message.routingKey, "routing key")
        var properties = unsafe try arena.properties(message.properties)
        let status = unsafe message.body.withUnsafeBytes { body in
            unsafe amqp_basic_publish(
                library.state,
                channel,
                exchange,
                routingKey,
                message.isMandatory ? 1 : 0,
                0,
                &properties,
                amqp_bytes_t(
                    len: body.count,
                    bytes: UnsafeMutableRawPointer(mutating: body.baseAddress)
                )
            )
        }
        try check(status)
    }
}
