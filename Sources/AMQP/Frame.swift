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
