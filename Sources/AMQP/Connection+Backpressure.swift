/// Below this a body is not counted: what the prefetch lets through of such is little.
private let smallBody = 16 << 10

/// What bounds the bytes of deliveries: while too many are not acknowledged, the socket is not read, so that
/// they stay with the broker (TCP's own flow control).
extension Connection {
    /// Whether nothing is read now.
    ///
    /// Who waits for an answer gets it all the same.
    var isReadingPaused: Bool {
        unacknowledgedBytes >= options.unacknowledgedLimit
            && channels.values.allSatisfy(\.calls.isEmpty)
    }

    /// Counts the body of a delivery until it is acknowledged.
    func count(_ body: Delivery.Body, of tag: UInt64, on number: UInt16) {
        guard case .complete(let bytes) = body, bytes.count >= smallBody else { return }
        channels[number]?.unacknowledged[tag] = bytes.count
        unacknowledgedBytes += bytes.count
    }

    /// Counts what a request settles no more.
    func uncount(settledBy request: Request, on number: UInt16) {
        guard let tag = request.settled else { return }
        unacknowledgedBytes -= channels[number]?.unacknowledged.removeValue(forKey: tag) ?? 0
    }
}
