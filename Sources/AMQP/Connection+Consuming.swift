extension Connection {
    /// Starts a consumer with a tag of its own.
    ///
    /// It is known before the broker is: deliveries may follow the broker's answer at once.
    func consume(
        from queue: String,
        isExclusive: Bool,
        arguments: FieldTable,
        on channel: ChannelToken,
        into source: Deliveries.Source
    ) async throws(AMQPError) -> String {
        try checkOpen(channel)
        let tag = "\(tagPrefix)-\(newSerial())"
        channels[channel.number]?.consumers[tag] = source
        let request = Request.consume(
            queue: queue,
            tag: tag,
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
}
