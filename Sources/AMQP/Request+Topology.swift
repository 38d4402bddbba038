internal import CRabbitMQ

extension Request {
    static func declare(_ exchange: Exchange, isPassive: Bool) -> Request {
        Request(.exchangeDeclared) { native, channel throws(AMQPError) in
            var declare = unsafe amqp_exchange_declare_t()
            unsafe declare.exchange = try native.arena.shortString(exchange.name, "exchange's name")
            unsafe declare.type = native.arena.bytes(copying: exchange.kind.rawValue)
            unsafe declare.passive = isPassive ? 1 : 0
            unsafe declare.durable = exchange.isDurable ? 1 : 0
            unsafe declare.auto_delete = exchange.isAutoDelete ? 1 : 0
            unsafe declare.arguments = try native.arena.table(exchange.arguments)
            try unsafe native.transmit(AMQP_EXCHANGE_DECLARE_METHOD, declare, on: channel)
        }
    }

    static func deleteExchange(_ name: String) -> Request {
        Request(.exchangeDeleted) { native, channel throws(AMQPError) in
            var delete = unsafe amqp_exchange_delete_t()
            unsafe delete.exchange = try native.arena.shortString(name, "exchange's name")
            try unsafe native.transmit(AMQP_EXCHANGE_DELETE_METHOD, delete, on: channel)
        }
    }

    static func declare(_ queue: Queue, isPassive: Bool) -> Request {
        Request(.queueDeclared) { native, channel throws(AMQPError) in
            var declare = unsafe amqp_queue_declare_t()
            unsafe declare.queue = try native.arena.shortString(queue.name, "queue's name")
            unsafe declare.passive = isPassive ? 1 : 0
            unsafe declare.durable = queue.isDurable ? 1 : 0
            unsafe declare.exclusive = queue.isExclusive ? 1 : 0
            unsafe declare.auto_delete = queue.isAutoDelete ? 1 : 0
            unsafe declare.arguments = try native.arena.table(queue.arguments)
            try unsafe native.transmit(AMQP_QUEUE_DECLARE_METHOD, declare, on: channel)
        }
    }

    static func bind(
        queue: String,
        exchange: String,
        bindingKey: String,
        arguments: FieldTable
    ) -> Request {
        Request(.queueBound) { native, channel throws(AMQPError) in
            var bind = unsafe amqp_queue_bind_t()
            unsafe bind.queue = try native.arena.shortString(queue, "queue's name")
            unsafe bind.exchange = try native.arena.shortString(exchange, "exchange's name")
            unsafe bind.routing_key = try native.arena.shortString(bindingKey, "binding key")
            unsafe bind.arguments = try native.arena.table(arguments)
            try unsafe native.transmit(AMQP_QUEUE_BIND_METHOD, bind, on: channel)
        }
    }

    static func deleteQueue(_ name: String) -> Request {
        Request(.queueDeleted) { native, channel throws(AMQPError) in
            var delete = unsafe amqp_queue_delete_t()
            unsafe delete.queue = try native.arena.shortString(name, "queue's name")
            try unsafe native.transmit(AMQP_QUEUE_DELETE_METHOD, delete, on: channel)
        }
    }
}
