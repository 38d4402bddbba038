/// A method with which the broker answers a ``Request``.
struct Reply {
    enum Kind: Hashable, Sendable {
        case channelOpened
        case channelClosed
        case connectionClosed
        case exchangeDeclared
        case exchangeDeleted
        case queueDeclared
        case queueBound
        case queueDeleted
        case prefetchSet
        case consuming(tag: String)
        case consumerCancelled(tag: String)
        case confirmsSelected
    }

    let kind: Kind
    var queue = ""
    var messageCount: UInt32 = 0
    var consumerCount: UInt32 = 0
}
