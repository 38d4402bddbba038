internal import CRabbitMQ

/// A method that this side sends: how it is written, and what the broker answers.
struct Request: Sendable {
    /// `nil` where the broker does not answer.
    let reply: Reply.Kind?
    /// The tag of the delivery that it settles.
    let settled: UInt64?

    /// Writes it on a channel.
    ///
    /// Throws ``AMQPError/Code/invalidArgument`` before anything was written, or
    /// ``AMQPError/Code/connectionLost``.
    let write: @Sendable (inout NativeConnection, UInt16) throws(AMQPError) -> Void

    init(
        _ reply: Reply.Kind?,
        settling settled: UInt64? = nil,
        write: @escaping @Sendable (inout NativeConnection, UInt16) throws(AMQPError) -> Void
    ) {
        self.reply = reply
        self.settled = settled
        self.write = write
    }
}

extension Request {
    static let openChannel = Request(.channelOpened) {
        native,
        channel throws(AMQPError) in
        try unsafe native.transmit(AMQP_CHANNEL_OPEN_METHOD, amqp_channel_open_t(), on: channel)
    }

    static let closeChannel = Request(.channelClosed) {
        native,
        channel throws(AMQPError) in
        var close = unsafe amqp_channel_close_t()
        unsafe close.reply_code = UInt16(AMQP_REPLY_SUCCESS)
        try unsafe native.transmit(AMQP_CHANNEL_CLOSE_METHOD, close, on: channel)
    }

    static let acceptChannelClose = Request(nil) {
        native,
        channel throws(AMQPError) in
        try native.transmit(AMQP_CHANNEL_CLOSE_OK_METHOD, amqp_channel_close_ok_t(), on: channel)
    }

    static let closeConnection = Request(.connectionClosed) {
        native,
        channel throws(AMQPError) in
        var close = unsafe amqp_connection_close_t()
        unsafe close.reply_code = UInt16(AMQP_REPLY_SUCCESS)
        try unsafe native.transmit(AMQP_CONNECTION_CLOSE_METHOD, close, on: channel)
    }

    static let acceptConnectionClose = Request(nil) {
        native,
        channel throws(AMQPError) in
        try native.transmit(
            AMQP_CONNECTION_CLOSE_OK_METHOD,
            amqp_connection_close_ok_t(),
            on: channel
        )
    }

    static let selectConfirms = Request(.confirmsSelected) {
        native,
        channel throws(AMQPError) in
        try native.transmit(AMQP_CONFIRM_SELECT_METHOD, amqp_confirm_select_t(), on: channel)
    }
}
