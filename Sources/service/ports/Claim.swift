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

/// The message of a request, as it came but for headers without a meaning.
public struct RequestMessage: Equatable, Sendable {
    /// Its properties.
    public var properties: MessageProperties
    /// Its body.
    public var body: [UInt8]

    /// Puts a message together, with ``MessageProperties/withMeaningfulHeaders``.
    public init(properties: MessageProperties, body: [UInt8]) {
        self.properties = properties.withMeaningfulHeaders
        self.body = body
    }

    /// Gives it another id; its publisher knows it again by the one that it had, in the correlation id.
    public mutating func rename(_ id: UUID) {
        properties.correlationID = properties.correlationID ?? properties.messageID
        properties.messageID = id.text
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

/// What became of a claim.
public enum ClaimOutcome: Equatable, Sendable {
    /// It is the caller's to run.
    case claimed(AttemptGrant)
    /// It is known already, with the same request: nothing to do.
    case duplicate
    /// It may not start yet: it waits in the store for its time.
    case deferred
    /// It waits in the store.
    case parked
    /// It is `queued`, with its message in the outbox, leased to the caller for 30 s.
    case queued(OutboxMessage)
    /// The id is another tenant's, of which nobody may know: this is to be claimed instead.
    case taken(Claim)
    /// The id, or the size of its batch, is known with another content: a dead letter.
    case conflict(String)
}

/// An attempt that is somebody's to make.
public struct AttemptGrant: Equatable, Sendable {
    /// The attempt, from 1.
    public var attempt: Int
    /// How many of those before were made again because the request asks for it.
    public var retries: Int
    /// How many of those before are not counted: a fault of ours that would have met any other, or one that was lost before its program could start.
    public var uncountedAttempts: Int
    /// How many workers it has lost that it may have killed.
    public var lostWorkers: Int
    /// When the execution was accepted.
    public var submittedAt: Date
    /// When the attempt was claimed.
    public var startedAt: Date
    /// How it has to end, if that was decided before it began.
    public var decidedEnd: Outcome?

    /// Describes an attempt.
    public init(
        attempt: Int,
        retries: Int = 0,
        uncountedAttempts: Int = 0,
        lostWorkers: Int = 0,
        submittedAt: Date,
        startedAt: Date,
        decidedEnd: Outcome? = nil
    ) {
        self.attempt = attempt
        self.retries = retries
        self.uncountedAttempts = uncountedAttempts
        self.lostWorkers = lostWorkers
        self.submittedAt = submittedAt
        self.startedAt = startedAt
        self.decidedEnd = decidedEnd
    }
}

/// An attempt that the store says a worker makes.
public struct RunningAttempt: Hashable, Sendable {
    /// The execution.
    public var id: UUID
    /// The attempt.
    public var attempt: Int
    /// Its claim's ``Claim/token``.
    public var token: UUID?

    /// Names one.
    public init(id: UUID, attempt: Int, token: UUID?) {
        self.id = id
        self.attempt = attempt
        self.token = token
    }
}
