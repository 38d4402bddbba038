internal import CRabbitMQ

extension Frame {
    /// - Returns: `nil` for a heartbeat.
    init?(copying frame: amqp_frame_t) {
        let channel = unsafe frame.channel
        switch unsafe CInt(frame.frame_type) {
        case AMQP_FRAME_METHOD:
            self = unsafe .method(Method(copying: frame.payload.method), channel: channel)
        case AMQP_FRAME_HEADER:
            let header = unsafe frame.payload.properties
            let properties = unsafe header.decoded.load(as: amqp_basic_properties_t.self)
            self = unsafe .header(
                bodySize: header.body_size,
                MessageProperties(copying: properties),
                channel: channel
            )
        case AMQP_FRAME_BODY:
            self = unsafe .body([UInt8](copying: frame.payload.body_fragment), channel: channel)
        default:
            return nil
        }
    }
}

extension Frame.Method {
    fileprivate init(copying method: amqp_method_t) {
        switch unsafe method.id {
        case AMQP_BASIC_DELIVER_METHOD:
            let deliver = unsafe method.arguments(as: amqp_basic_deliver_t.self)
            self = unsafe .delivered(
                DeliveryHead(
                    consumerTag: String(copying: deliver.consumer_tag),
                    tag: deliver.delivery_tag,
                    isRedelivered: deliver.redelivered != 0,
                    exchange: String(copying: deliver.exchange),
                    routingKey: String(copying: deliver.routing_key)
                )
            )
        case AMQP_BASIC_RETURN_METHOD:
            let returned = unsafe method.arguments(as: amqp_basic_return_t.self)
            self = unsafe .returned(
                ReturnHead(
                    code: returned.reply_code,
                    text: String(copying: returned.reply_text),
                    exchange: String(copying: returned.exchange),
                    routingKey: String(copying: returned.routing_key)
                )
            )
        case AMQP_BASIC_ACK_METHOD:
            let ack = unsafe method.arguments(as: amqp_basic_ack_t.self)
            self = .confirmed(tag: ack.delivery_tag, multiple: ack.multiple != 0)
        case AMQP_BASIC_NACK_METHOD:
            let nack = unsafe method.arguments(as: amqp_basic_nack_t.self)
            self = .rejected(tag: nack.delivery_tag, multiple: nack.multiple != 0)
        case AMQP_BASIC_CANCEL_METHOD:
            let cancel = unsafe method.arguments(as: amqp_basic_cancel_t.self)
            self = unsafe .consumerCancelled(tag: String(copying: cancel.consumer_tag))
        case AMQP_CHANNEL_CLOSE_METHOD:
            let close = unsafe method.arguments(as: amqp_channel_close_t.self)
            self = unsafe .channelClosed(
                AMQPError(
                    channelClosedWith: close.reply_code,
                    text: String(copying: close.reply_text)
                )
            )
        case AMQP_CONNECTION_CLOSE_METHOD:
            let close = unsafe method.arguments(as: amqp_connection_close_t.self)
            self = unsafe .connectionClosed(
                AMQPError(
                    connectionClosedWith: close.reply_code,
                    text: String(copying: close.reply_text)
                )
            )
        case AMQP_CONNECTION_BLOCKED_METHOD:
            let blocked = unsafe method.arguments(as: amqp_connection_blocked_t.self)
            self = unsafe .blocked(reason: String(copying: blocked.reason))
        case AMQP_CONNECTION_UNBLOCKED_METHOD:
            self = .unblocked
        default:
            self = unsafe Reply(copying: method).map(Self.reply) ?? .unknown(method.id)
        }
    }
}

extension amqp_method_t {
    /// The arguments, whose type follows from the method's id.
    func arguments<Arguments>(as type: Arguments.Type) -> Arguments {
        unsafe decoded.load(as: type)
    }
}
