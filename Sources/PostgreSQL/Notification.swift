/// A message of another session's `NOTIFY`.
public struct Notification: Hashable, Sendable {
    /// The channel it was sent on.
    public let channel: String
    /// What was sent; at most 8000 bytes.
    public let payload: String
    /// Which of the server's processes sent it.
    public let senderProcessID: Int32
}
