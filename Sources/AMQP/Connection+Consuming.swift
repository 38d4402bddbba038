extension Connection {
    /// Starts a consumer with a tag of its own.
    ///
    /// It is known before the broker is: deliveries may follow the broker's answer at once.
    func consume(
        from queue: String,
        isAutomaticallyAcknowledged: Bool,
        isExclusive: Bool,
        arguments: FieldTable,
        on channel: ChannelToken,
        into source: Deliveries.Source
    ) async throws(AMQPError) -> String {
        try checkOpen(channel)
        let tag = "\(tagPrefix)-\(newSerial())"
        channels[channel.number]?.consumers[tag] = source
        channels[channel.number]?.isAcknowledged = !isAutomaticallyAcknowledged
        let request = Request.consume(
            queue: queue,
            tag: tag,
            isAutomaticallyAcknowledged: isAutomaticallyAcknowledged,
            isExclusive: isExclusive,
            arguments: arguments
        )
        do throws(AMQPError) {
            try await call(request, on: channel)
        } catch {
            if channel.closeReason == nil { channels[channel.number]?.consumers[tag] = nil }
            throw error
        }
        return tag
    }

    func acknowledge(_ tags: [UInt64], on channel: ChannelToken) throws(AMQPError) {
        for tag in tags { try write(.acknowledge(tag, multiple: false), on: channel) }
    }
}
