public import FoundationEssentials
public import SandmillEntity

/// What is known of a request when it is taken in.
public struct Claim: Equatable, Sendable {
    /// What is to become of it.
    public enum Intent: String, Sendable {
        /// The caller runs it now.
        case run
        /// It waits in the store until a worker takes it.
        case park
        /// It waits in the store until another member of its batch has ended.
        case hold
        /// It goes to its queue in the broker, by the outbox.
        case queue
    }

    /// Names this claim, so that it can be repeated.
    public var token: UUID
    /// What is to become of it.
    public var intent: Intent
    /// Whether an execution that is known, and waits, is the claim's too; if not, and for
    /// ``Intent/queue``, it is left as it is, and the claim a duplicate.
    public var takesKnown = true
    /// Who claims it, or publishes what goes to the outbox.
    public var worker: String
    /// What was asked for.
    public var submission: Submission
    /// The request's message, kept so that it can be published again.
    public var request: RequestMessage

    /// Describes a claim.
    public init(
        token: UUID,
        intent: Intent = .run,
        worker: String,
        submission: Submission,
        request: RequestMessage
    ) {
        self.token = token
        self.intent = intent
        self.worker = worker
        self.submission = submission
        self.request = request
    }
}

extension Claim {
    /// The same under another id.
    public func renamed(_ id: UUID) -> Claim {
        var claim = self
        claim.submission.id = id
        claim.request.rename(id)
        return claim
    }
}
