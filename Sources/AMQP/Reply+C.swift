internal import CRabbitMQ

extension Reply {
    /// - Returns: `nil` for a method that answers nothing this side sends.
    init?(copying method: amqp_method_t) {
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
                kind: .consumerCancelled(tag: String(copying: cancelled.consumer_tag))
            )
        case AMQP_CONFIRM_SELECT_OK_METHOD: self.init(kind: .confirmsSelected)
        default: return nil
        }
    }
}
