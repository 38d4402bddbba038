/// A channel: the unit in which the broker orders, counts and fails.
///
/// An error of the broker closes the channel; every later call on it fails with that error.
public struct Channel: Sendable {
    let connection: Connection
    let token: ChannelToken

    /// Why the channel ended; `nil` while it is open.
    public var closeReason: AMQPError? { token.closeReason }

    /// Cancels the channel's consumers, then closes it.
    ///
    /// What they had not acknowledged is delivered again to others.
    public func close() async {
        await connection.close(token)
    }
}
