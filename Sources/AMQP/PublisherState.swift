/// A publisher's channels, and the messages that wait for room on them.
struct PublisherState {
    let confirmTimeout: Duration
    /// Whether channels that end are replaced.
    let replacesChannels: Bool
    var lanes: [PublisherLane]
    var queue = FIFO<PendingMessage>()
    private var lastLane = 0

    init(lanes: [PublisherLane], confirmTimeout: Duration, replacesChannels: Bool) {
        self.lanes = lanes
        self.confirmTimeout = confirmTimeout
        self.replacesChannels = replacesChannels
    }

    /// The next lane, in turn, that takes a message now.
    mutating func laneWithRoom() -> Int? {
        for step in 1...lanes.count {
            let index = (lastLane + step) % lanes.count
            guard lanes[index].hasRoom else { continue }
            lastLane = index
            return index
        }
        return nil
    }

    /// Why nothing can be published any more; `nil` while it can.
    var endReason: AMQPError? {
        guard !replacesChannels, case .ended(let reason) = lanes[0].status else { return nil }
        return reason
    }

    mutating func restartTimers() {
        for index in lanes.indices { lanes[index].restartTimer() }
    }

    /// Gives up what the broker has not confirmed in time.
    mutating func expire() {
        for index in lanes.indices { lanes[index].expire(after: confirmTimeout) }
    }

    /// The publisher is gone.
    mutating func end(_ reason: AMQPError) {
        for index in lanes.indices { lanes[index].end(reason) }
        settleQueue(as: .failed(reason))
    }

    /// Settles whatever waits.
    mutating func settleQueue(as outcome: PublishOutcome) {
        while let pending = queue.popFirst() { pending.settle(as: outcome) }
    }
}

/// Which channel of which publisher.
struct LaneID {
    let publisher: Int
    let index: Int
}
