/// Publishes messages and tells what became of each.
///
/// Any number of tasks may publish at once; they share the channels and their windows, and what
/// they publish meanwhile is written together. The order of messages is kept within one channel,
/// so over all only with one.
public struct Publisher: Sendable {
    let connection: Connection
    let id: Int

    /// Publishes, and waits until the broker has answered for every message.
    ///
    /// While the broker blocks the connection, messages wait. Cancelling the task changes nothing:
    /// what was written cannot be taken back.
    ///
    /// - Returns: The outcomes, in the order of the messages.
    public func publish(_ messages: [Message]) async -> [PublishOutcome] {
        await connection.publish(messages, by: id)
    }

    /// Publishes one message; see ``publish(_:)-([Message])``.
    public func publish(_ message: Message) async -> PublishOutcome {
        await connection.publish([message], by: id)[0]
    }

    /// Ends the publisher; messages without an answer fail.
    public func close() async {
        await connection.closePublisher(id)
    }
}
