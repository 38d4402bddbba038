/// How many frames are handled before other work has its turn.
private let framesPerTurn = 4_096

extension Connection {
    /// Handles what has arrived.
    func readFrames() throws(AMQPError) {
        for _ in 0..<framesPerTurn where !isReadingPaused {
            guard let frame = try native?.nextFrame() else { return }
            switch frame {
            case .method(let method, let number):
                try handle(method, on: number)
            case .header(let bodySize, let properties, let number):
                let content = try channels[number]?.content.header(bodySize: bodySize, properties)
                if let content { handle(content, on: number) }
            case .body(let bytes, let number):
                let content = try channels[number]?.content.body(bytes)
                if let content { handle(content, on: number) }
            }
        }
    }

    private func handle(_ method: Frame.Method, on number: UInt16) throws(AMQPError) {
        switch method {
        case .delivered(let head):
            try channels[number]?.content.begin(.delivery(head))
        case .returned(let head):
            try channels[number]?.content.begin(.returned(head))
        case .confirmed(let tag, let multiple):
            settle(tag, multiple: multiple, as: .confirmed, on: number)
        case .rejected(let tag, let multiple):
            settle(tag, multiple: multiple, as: .rejected, on: number)
        case .consumerCancelled(let tag):
            let error = AMQPError(
                .consumerCancelled,
                "the broker cancelled the consumer; is its queue still there?"
            )
            channels[number]?.consumers.removeValue(forKey: tag)?.finish(throwing: error)
        case .channelClosed(let error):
            try native?.send(.acceptChannelClose, on: number)
            endChannel(number, error)
        case .connectionClosed(let error):
            try native?.send(.acceptConnectionClose, on: control.number)
            end(error)
        case .blocked(let reason):
            blockedReason = reason
            options.observer(.blocked(reason: reason))
        case .unblocked:
            blockedReason = nil
            restartConfirmTimers()
            options.observer(.unblocked)
        case .reply(let reply):
            try handle(reply, on: number)
        case .unknown:
            throw .unexpectedFrame
        }
    }

    private func handle(_ content: ContentAssembler.Content, on number: UInt16) {
        switch content.head {
        case .delivery(let head):
            let delivery = Delivery(
                tag: head.tag,
                isRedelivered: head.isRedelivered,
                exchange: head.exchange,
                routingKey: head.routingKey,
                properties: content.properties,
                body: content.body
            )
            count(delivery.body, of: head.tag, on: number)
            channels[number]?.consumers[head.consumerTag]?.yield(delivery)
        case .returned(let head):
            handle(head, content.properties, content.body, on: number)
        }
    }
}
