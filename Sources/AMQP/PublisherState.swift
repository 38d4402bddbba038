/// A publisher's channels, and the messages that wait for room on them.
struct PublisherState {
    let confirmTimeout: Duration
    var lanes: [PublisherLane]
    var queue = FIFO<PendingMessage>()
    private var lastLane = 0

    init(lanes: [PublisherLane], confirmTimeout: Duration) {
        self.lanes = lanes
        self.confirmTimeout = confirmTimeout
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
        while let pending = queue.popFirst() { pending.settle(as: .failed(reason)) }
    }
}

/// Which channel of which publisher.
struct LaneID {
    let publisher: Int
    let index: Int
}
