internal import CRabbitMQ

/// What arrived: one frame (AMQP 0-9-1, 2.3), copied out of the library's memory.
enum Frame {
    case method(Method, channel: UInt16)
    case header(bodySize: UInt64, MessageProperties, channel: UInt16)
    case body([UInt8], channel: UInt16)

    enum Method {
        case delivered(DeliveryHead)
        case returned(ReturnHead)
        case confirmed(tag: UInt64, multiple: Bool)
        case rejected(tag: UInt64, multiple: Bool)
        case consumerCancelled(tag: String)
        case channelClosed(AMQPError)
        case connectionClosed(AMQPError)
        case blocked(reason: String)
        case unblocked
        case reply(Reply)
        case unknown(UInt32)
    }
}

/// `basic.deliver`, which a header and bodies follow.
struct DeliveryHead {
    let consumerTag: String
    let tag: UInt64
    let isRedelivered: Bool
    let exchange: String
    let routingKey: String
}

/// `basic.return`, which a header and bodies follow.
struct ReturnHead {
    let code: UInt16
    let text: String
    let exchange: String
    let routingKey: String
}

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
                AMQPError(replyCode: close.reply_code, text: String(copying: close.reply_text))
            )
        case AMQP_CONNECTION_CLOSE_METHOD:
            let close = unsafe method.arguments(as: amqp_connection_close_t.self)
            self = unsafe .connectionClosed(
                AMQPError(replyCode: close.reply_code, text: String(copying: close.reply_text))
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

extension Reply {
    /// - Returns: `nil` for a method that answers nothing this side sends.
    fileprivate init?(copying method: amqp_method_t) {
        switch unsafe method.id {
        case AMQP_CHANNEL_OPEN_OK_METHOD: self.init(kind: .channelOpened)
        case AMQP_CHANNEL_CLOSE_OK_METHOD: self.init(kind: .channelClosed)
        case AMQP_CONNECTION_CLOSE_OK_METHOD: self.init(kind: .connectionClosed)
        case AMQP_EXCHANGE_DECLARE_OK_METHOD: self.init(kind: .exchangeDeclared)
        case AMQP_EXCHANGE_DELETE_OK_METHOD: self.init(kind: .exchangeDeleted)
        case AMQP_QUEUE_DECLARE_OK_METHOD:
            let declared = unsafe method.arguments(as: amqp_queue_declare_ok_t.self)
            self = unsafe Reply(
                kind: .queueDeclared,
                queue: String(copying: declared.queue),
                messageCount: declared.message_count,
                consumerCount: declared.consumer_count
            )
        case AMQP_QUEUE_BIND_OK_METHOD: self.init(kind: .queueBound)
        case AMQP_QUEUE_UNBIND_OK_METHOD: self.init(kind: .queueUnbound)
        case AMQP_QUEUE_PURGE_OK_METHOD:
            let purged = unsafe method.arguments(as: amqp_queue_purge_ok_t.self)
            self.init(kind: .queuePurged, messageCount: purged.message_count)
        case AMQP_QUEUE_DELETE_OK_METHOD:
            let deleted = unsafe method.arguments(as: amqp_queue_delete_ok_t.self)
            self.init(kind: .queueDeleted, messageCount: deleted.message_count)
        case AMQP_BASIC_QOS_OK_METHOD: self.init(kind: .prefetchSet)
        case AMQP_BASIC_CONSUME_OK_METHOD:
            let consuming = unsafe method.arguments(as: amqp_basic_consume_ok_t.self)
            self = unsafe Reply(kind: .consuming(tag: String(copying: consuming.consumer_tag)))
        case AMQP_BASIC_CANCEL_OK_METHOD:
            let cancelled = unsafe method.arguments(as: amqp_basic_cancel_ok_t.self)
            self = unsafe Reply(
                kind: .consumerCancelled(tag: String(copying: cancelled.consumer_tag)))
        case AMQP_CONFIRM_SELECT_OK_METHOD: self.init(kind: .confirmsSelected)
        default: return nil
        }
    }
}

extension amqp_method_t {
    /// The arguments, whose type follows from the method's id.
    func arguments<Arguments>(as type: Arguments.Type) -> Arguments {
        unsafe decoded.load(as: type)
    }
}
