extension Connection {
    /// Opens a publisher on channels of its own, which are replaced when the broker closes them.
    ///
    /// - Parameters:
    ///   - count: How many channels; the broker serves each in a process of its own.
    ///   - window: How many messages of one channel may await their confirmation.
    ///   - confirmTimeout: After how long without any confirmation on a channel its messages fail
    ///     with ``AMQPError/Code/timedOut``. A broker in alarm stops this clock.
    /// - Returns: A publisher that ends with the connection.
    /// - Throws: Why the connection or a channel is gone.
    public func openPublisher(
        channels count: Int = 2,
        window: Int = 256,
        confirmTimeout: Duration = .seconds(30)
    ) async throws(AMQPError) -> Publisher {
        precondition(count > 0 && window > 0, "a publisher without room for a message")
        var tokens: [ChannelToken] = []
        do throws(AMQPError) {
            for _ in 0..<count { tokens.append(try await openChannel().token) }
            for token in tokens { try await call(.selectConfirms, on: token) }
            for token in tokens { try checkOpen(token) }
        } catch {
            for token in tokens { abandon(token) }
            throw error
        }
        let id = newSerial()
        for (index, token) in tokens.enumerated() {
            channels[token.number]?.lane = LaneID(publisher: id, index: index)
        }
        publishers[id] = PublisherState(
            lanes: tokens.map { PublisherLane($0, window: window) },
            confirmTimeout: confirmTimeout
        )
        return Publisher(connection: self, id: id)
    }

    /// Closes the channels that are the publisher's own; what was not confirmed fails.
    func closePublisher(_ id: Int) async {
        guard let publisher = publishers[id] else { return }
        endPublisher(id, .publisherClosed)
        for lane in publisher.lanes { await close(lane.channel) }
    }

    func endPublisher(_ id: Int, _ reason: AMQPError) {
        var publisher = publishers.removeValue(forKey: id)
        publisher?.end(reason)
    }

    /// A channel is gone that was a lane's; the lane may have another by now.
    func endLane(_ lane: LaneID, on channel: ChannelToken, _ reason: AMQPError) {
        guard publishers[lane.publisher]?.lanes[lane.index].channel === channel else { return }
        publishers[lane.publisher]?.lanes[lane.index].end(reason)
    }

    /// Opens new channels for those of a publisher that ended, if messages wait for them.
    func replaceEndedChannels(of id: Int) {
        guard let publisher = publishers[id], blockedReason == nil, !publisher.queue.isEmpty
        else { return }
        for (index, lane) in publisher.lanes.enumerated() {
            guard case .ended = lane.status, let token = try? reserveChannel() else { continue }
            let id = LaneID(publisher: id, index: index)
            publishers[id.publisher]?.lanes[index].replaceChannel(with: token)
            channels[token.number]?.lane = id
            start(.openChannel, on: token, for: .nobody)
            start(.selectConfirms, on: token, for: .lane(id))
        }
    }

    /// Takes the answer to the confirm mode of a channel that replaces another.
    ///
    /// One that does not come in time may come after all, when the lane has another channel.
    func finishOpening(_ lane: LaneID, _ result: Result<Reply, AMQPError>) {
        switch result {
        case .success:
            publishers[lane.publisher]?.lanes[lane.index].finishOpening()
        case .failure(let error):
            if let channel = publishers[lane.publisher]?.lanes[lane.index].channel {
                abandon(channel)
            }
            publishers[lane.publisher]?.lanes[lane.index].end(error)
        }
    }
}

extension AMQPError {
    static var publisherClosed: AMQPError {
        AMQPError(.closed, "this side has closed the publisher")
    }
}
