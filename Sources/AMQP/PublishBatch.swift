/// One call of a ``Publisher``, which waits for the outcomes of its messages.
///
/// Belongs to the connection's thread.
final class PublishBatch {
    private var outcomes: [PublishOutcome?]
    private var openCount: Int
    private let continuation: CheckedContinuation<[PublishOutcome], Never>

    init(count: Int, continuation: CheckedContinuation<[PublishOutcome], Never>) {
        outcomes = Array(repeating: nil, count: count)
        openCount = count
        self.continuation = continuation
    }

    fileprivate func settle(_ index: Int, as outcome: PublishOutcome) {
        precondition(outcomes[index] == nil, "a message was settled twice")
        outcomes[index] = outcome
        openCount -= 1
        if openCount == 0 { continuation.resume(returning: outcomes.compactMap(\.self)) }
    }
}

/// A message on its way, and its place in the call that waits for its outcome.
struct PendingMessage {
    let message: Message
    let batch: PublishBatch
    let index: Int
    /// Set when the broker gave the message back; its confirmation follows.
    var returned: PublishOutcome?

    init(_ message: Message, at index: Int, of batch: PublishBatch) {
        self.message = message
        self.batch = batch
        self.index = index
    }

    func settle(as outcome: PublishOutcome) {
        batch.settle(index, as: returned ?? outcome)
    }
}
