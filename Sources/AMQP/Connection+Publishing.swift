/// How much is written before what arrived is read: a broker in alarm says so and reads no more.
private let bytesPerDrain = 64 << 10

extension Connection {
    /// Queues messages; ``writeMessages()`` writes them before the thread sleeps, so that all that
    /// was queued meanwhile goes in one turn.
    func publish(_ messages: [Message], by id: Int) async -> [PublishOutcome] {
        if publishers[id] == nil {
            let refusal = closeReason ?? .publisherClosed
            return messages.map { _ in .failed(refusal) }
        }
        guard !messages.isEmpty else { return [] }
        return await withCheckedContinuation { continuation in
            let batch = PublishBatch(count: messages.count, continuation: continuation)
            for (index, message) in messages.enumerated() {
                publishers[id]?.queue.append(PendingMessage(message, at: index, of: batch))
            }
        }
    }

    /// Writes queued messages while there is room in a window and the broker is not in alarm.
    func writeMessages() throws(AMQPError) {
        var written = 0
        for id in publishers.keys {
            replaceEndedChannels(of: id)
            while blockedReason == nil, let lane = publishers[id]?.laneWithRoom(),
                let pending = publishers[id]?.queue.popFirst()
            {
                try write(pending, on: LaneID(publisher: id, index: lane))
                tick()
                written += pending.message.body.count + 256
                guard written >= bytesPerDrain else { continue }
                written = 0
                try readFrames()
            }
        }
    }

    private func write(_ pending: PendingMessage, on lane: LaneID) throws(AMQPError) {
        guard let number = publishers[lane.publisher]?.lanes[lane.index].channel.number else {
            return
        }
        do throws(AMQPError) {
            try native?.publish(pending.message, on: number)
        } catch {
            pending.settle(as: .failed(error))
            guard error.code == .invalidArgument else { throw error }
            return
        }
        publishers[lane.publisher]?.lanes[lane.index].append(pending)
    }

    /// Takes the broker's word on published messages.
    func settle(_ tag: UInt64, multiple: Bool, as outcome: PublishOutcome, on number: UInt16) {
        guard let lane = channels[number]?.lane else { return }
        publishers[lane.publisher]?.lanes[lane.index].settle(tag, multiple: multiple, as: outcome)
    }

    /// Takes a message that the broker gives back.
    func handle(
        _ head: ReturnHead,
        _ properties: MessageProperties,
        _ body: Delivery.Body,
        on number: UInt16
    ) {
        guard let lane = channels[number]?.lane else { return }
        publishers[lane.publisher]?.lanes[lane.index].markReturned(head, properties, body)
    }

    func restartConfirmTimers() {
        for id in publishers.keys { publishers[id]?.restartTimers() }
    }

    /// A broker in alarm has not read everything, so it cannot be late.
    func expireConfirms() {
        guard blockedReason == nil else { return }
        for id in publishers.keys { publishers[id]?.expire() }
    }
}
