/// One of a publisher's channels, in confirm mode.
struct PublisherLane {
    enum Status {
        case opening
        case open
        case ended(AMQPError)
    }

    private(set) var channel: ChannelToken
    private(set) var status: Status
    private var window: ConfirmWindow<PendingMessage>
    /// When the broker last confirmed something, or had nothing left to confirm.
    private var lastProgress = ContinuousClock.now

    init(_ channel: ChannelToken, window: Int) {
        self.channel = channel
        status = .open
        self.window = ConfirmWindow(capacity: window)
    }

    var hasRoom: Bool {
        guard case .open = status else { return false }
        return !window.isFull
    }

    /// Takes a message that was just written.
    mutating func append(_ pending: PendingMessage) {
        if window.isEmpty { lastProgress = .now }
        window.append(pending)
    }

    /// Takes the broker's word on message `tag`, or all up to it.
    mutating func settle(_ tag: UInt64, multiple: Bool, as outcome: PublishOutcome) {
        lastProgress = .now
        for pending in window.settle(tag, multiple: multiple) { pending.settle(as: outcome) }
    }

    /// Notes a message that the broker gives back.
    ///
    /// The broker names no sequence number; all that it does name is compared, so that at worst one
    /// of several equal messages is taken for another.
    mutating func markReturned(
        _ head: ReturnHead,
        _ properties: MessageProperties,
        _ body: Delivery.Body
    ) {
        window.updateFirst { pending in
            let message = pending.message
            guard pending.returned == nil, message.isMandatory, message.exchange == head.exchange,
                message.routingKey == head.routingKey,
                message.properties.messageID == properties.messageID, body.isBody(message.body)
            else { return false }
            pending.returned = .returned(code: head.code, text: head.text)
            return true
        }
    }

    /// The broker was in alarm; what it has not confirmed it may confirm from now on.
    mutating func restartTimer() {
        lastProgress = .now
    }

    /// Gives up what the broker has not confirmed in time; what it says of it later is ignored.
    mutating func expire(after timeout: Duration) {
        guard !window.isEmpty, lastProgress.duration(to: .now) > timeout else { return }
        settleAll(
            as: .failed(
                AMQPError(.timedOut, "the broker confirmed nothing on a channel for \(timeout)")
            )
        )
    }

    /// The channel is gone.
    mutating func end(_ reason: AMQPError) {
        status = .ended(reason)
        settleAll(as: .failed(reason))
    }

    /// Begins anew, with a channel that is not yet open.
    mutating func replaceChannel(with channel: ChannelToken) {
        self.channel = channel
        status = .opening
        window = ConfirmWindow(capacity: window.capacity)
    }

    mutating func finishOpening() {
        status = .open
    }

    private mutating func settleAll(as outcome: PublishOutcome) {
        for pending in window.settleAll() { pending.settle(as: outcome) }
    }
}

extension Delivery.Body {
    fileprivate func isBody(_ bytes: [UInt8]) -> Bool {
        switch self {
        case .complete(let body): body == bytes
        case .oversized(let size, let prefix, _): size == bytes.count && bytes.starts(with: prefix)
        }
    }
}
