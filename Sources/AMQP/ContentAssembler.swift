import Hashing

/// How much of an oversized body is kept.
private let prefixLength = 4_096

/// Puts the messages of one channel together from their frames (AMQP 0-9-1, 4.2.6).
///
/// A body above the limit is counted and digested, not kept, so that memory stays bounded.
struct ContentAssembler {
    /// The method that announces a message.
    enum Head {
        case delivery(DeliveryHead)
        case returned(ReturnHead)
    }

    /// A message that is complete.
    struct Content {
        let head: Head
        let properties: MessageProperties
        let body: Delivery.Body
    }

    private enum State {
        case idle
        case announced(Head)
        case receiving(Head, MessageProperties, size: UInt64)
    }

    private let bodyLimit: Int
    private var state = State.idle
    private var kept: [UInt8] = []
    private var digest = SHA256()
    private var received: UInt64 = 0

    init(bodyLimit: Int) {
        self.bodyLimit = bodyLimit
    }

    mutating func begin(_ head: Head) throws(AMQPError) {
        guard case .idle = state else { throw .unexpectedFrame }
        state = .announced(head)
    }

    /// - Returns: The message, if it has no body.
    mutating func header(
        bodySize: UInt64,
        _ properties: MessageProperties
    ) throws(AMQPError) -> Content? {
        guard case .announced(let head) = state else { throw .unexpectedFrame }
        state = .receiving(head, properties, size: bodySize)
        return try body([])
    }

    /// - Returns: The message, if this was the last piece of its body.
    mutating func body(_ bytes: [UInt8]) throws(AMQPError) -> Content? {
        guard case .receiving(let head, let properties, let size) = state else {
            throw .unexpectedFrame
        }
        received += UInt64(bytes.count)
        guard received <= size else { throw .unexpectedFrame }
        keep(bytes, of: size)
        guard received == size else { return nil }
        defer {
            state = .idle
            kept = []
            digest = SHA256()
            received = 0
        }
        return Content(head: head, properties: properties, body: keptBody(of: size))
    }

    private func keptBody(of size: UInt64) -> Delivery.Body {
        guard size > UInt64(bodyLimit) else { return .complete(kept) }
        return .oversized(size: size, prefix: kept, sha256: digest.finalize())
    }

    private mutating func keep(_ bytes: [UInt8], of size: UInt64) {
        if size > UInt64(bodyLimit) {
            kept += bytes.prefix(prefixLength - kept.count)
            digest.update(bytes)
        } else if bytes.count == size {
            kept = bytes
        } else {
            kept.reserveCapacity(Int(size))
            kept += bytes
        }
    }
}

extension AMQPError {
    static var unexpectedFrame: AMQPError {
        AMQPError(.connectionLost, "the broker sent a frame that the protocol does not allow there")
    }
}
