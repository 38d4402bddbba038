internal import Synchronization

/// One channel from its opening to its end; a number is used again, a token never.
final class ChannelToken: Sendable {
    let number: UInt16
    private let reason = Mutex<AMQPError?>(nil)

    init(_ number: UInt16) {
        self.number = number
    }

    /// Why the channel ended; `nil` while it is open.
    var closeReason: AMQPError? {
        get { reason.withLock(\.self) }
        set { reason.withLock { $0 = newValue } }
    }
}

/// What a connection keeps of an open channel.
struct ChannelState {
    let token: ChannelToken
    var content: ContentAssembler
    /// What the broker has still to answer, oldest first.
    var calls: [PendingCall] = []
    var consumers: [String: Deliveries.Source] = [:]
    /// The sizes of large bodies that are delivered and not acknowledged, by their tags.
    var unacknowledged: [UInt64: Int] = [:]
    /// Set on a channel that publishes.
    var lane: LaneID?

    init(_ token: ChannelToken, bodyLimit: Int) {
        self.token = token
        content = ContentAssembler(bodyLimit: bodyLimit)
    }
}

/// A ``Request`` that the broker has not answered yet.
struct PendingCall {
    let reply: Reply.Kind
    let deadline: ContinuousClock.Instant
    var receiver: ReplyReceiver
}

/// Who waits for the answer to a ``Request``.
enum ReplyReceiver {
    case caller(CheckedContinuation<Result<Reply, AMQPError>, Never>)
    case lane(LaneID)
    case nobody
}
