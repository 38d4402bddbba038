internal import CRabbitMQ

extension Request {
    static func setPrefetch(_ count: UInt16) -> Request {
        Request(.prefetchSet) { native, channel throws(AMQPError) in
            let qos = amqp_basic_qos_t(prefetch_size: 0, prefetch_count: count, global: 0)
            try native.transmit(AMQP_BASIC_QOS_METHOD, qos, on: channel)
        }
    }

    static func consume(
        queue: String,
        tag: String,
        isExclusive: Bool,
        arguments: FieldTable
    ) -> Request {
        Request(.consuming(tag: tag)) { native, channel throws(AMQPError) in
            var consume = unsafe amqp_basic_consume_t()
            unsafe consume.queue = try native.arena.shortString(queue, "queue's name")
            unsafe consume.consumer_tag = try native.arena.shortString(tag, "consumer tag")
            unsafe consume.exclusive = isExclusive ? 1 : 0
            unsafe consume.arguments = try native.arena.table(arguments)
            try unsafe native.transmit(AMQP_BASIC_CONSUME_METHOD, consume, on: channel)
        }
    }

    static func cancelConsumer(tag: String) -> Request {
        Request(.consumerCancelled(tag: tag)) { native, channel throws(AMQPError) in
            var cancel = unsafe amqp_basic_cancel_t()
            unsafe cancel.consumer_tag = try native.arena.shortString(tag, "consumer tag")
            try unsafe native.transmit(AMQP_BASIC_CANCEL_METHOD, cancel, on: channel)
        }
    }

    static func acknowledge(_ tag: UInt64) -> Request {
        Request(nil, settling: tag) { native, channel throws(AMQPError) in
            let ack = amqp_basic_ack_t(delivery_tag: tag, multiple: 0)
            try native.transmit(AMQP_BASIC_ACK_METHOD, ack, on: channel)
        }
    }

    static func reject(_ tag: UInt64, requeue: Bool) -> Request {
        Request(nil, settling: tag) { native, channel throws(AMQPError) in
            let reject = amqp_basic_reject_t(delivery_tag: tag, requeue: requeue ? 1 : 0)
            try native.transmit(AMQP_BASIC_REJECT_METHOD, reject, on: channel)
        }
    }
}
