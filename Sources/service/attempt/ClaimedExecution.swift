internal import FoundationEssentials
internal import SandmillEntity
internal import Synchronization

/// An execution that is this worker's to run.
struct ClaimedExecution: Sendable {
    let submission: Submission
    /// What its request's message had beside its body, which has been read and stored and takes no more
    /// memory.
    let properties: MessageProperties
    /// How many bytes the body has.
    let size: Int
    /// Names its claim (``HeldClaims``).
    let token: UUID
    let grant: AttemptGrant
    /// Whether its results are published without waiting for others.
    let isPrompt: Bool
    private let claimedAt = ContinuousClock.now
    private let start = Start()

    init(
        submission: Submission,
        request: RequestMessage,
        token: UUID,
        grant: AttemptGrant,
        isPrompt: Bool = false
    ) {
        self.token = token
        self.isPrompt = isPrompt
        self.submission = submission
        properties = request.properties
        size = request.body.count
        self.grant = grant
    }

    /// The time now, in whole milliseconds as documents write it.
    ///
    /// It is Postgres time at the claim plus what a monotonic clock measured since, so no jump of
    /// this host's clock shows.
    var now: Date {
        let elapsed = (ContinuousClock.now - claimedAt) / .milliseconds(1)
        let start = grant.startedAt.timeIntervalSince1970 * 1_000
        return Date(timeIntervalSince1970: (start + elapsed).rounded() / 1_000)
    }

    /// When its program started; nil before.
    var startedAt: Date? { start.time.withLock { $0 } }

    /// Takes that its program starts now, and returns the attempt.
    func begin() -> RunningAttempt {
        let now = now
        start.time.withLock { $0 = now }
        return RunningAttempt(
            id: submission.id,
            attempt: grant.attempt,
            token: token,
            startedAt: now
        )
    }

    /// How long it has waited since it was submitted, or since it was to be run at all.
    var age: Duration {
        let start = max(grant.submittedAt, submission.notBefore ?? grant.submittedAt)
        return .milliseconds(now.timeIntervalSince(start) * 1_000)
    }

    private var isPastDeadline: Bool {
        submission.deadline.map { $0 <= now } ?? false
    }

    /// Whether it may no longer start; after its program has ended once, it may always.
    var isExpired: Bool { grant.retries == 0 && isPastDeadline }

    /// Its level and tenant.
    var lane: Lane { Lane(level: submission.level, tenant: submission.tenant) }

    /// How many attempts there were but for those that its request asked for and those that were lost
    /// before its program could start.
    var faults: Int { grant.attempt - grant.retries - grant.uncountedAttempts }

    /// Whether its request asks for another attempt after such an end; not behind its deadline.
    func wantsRetry(after state: ExecutionState) -> Bool {
        !isPastDeadline
            && submission.retry?.allows(retryAfter: state, retries: grant.retries) == true
    }

    /// Begins the document of an end now.
    ///
    /// What is ended before its program started has made no attempt; one that a fault of ours ends has.
    func document(outcome: Outcome, worker: String) -> ResultDocument {
        let startedAt = startedAt
        let isAttempt = startedAt != nil || outcome.state == .errored
        var document = ResultDocument(
            id: submission.id,
            tenant: submission.tenant,
            pool: submission.pool,
            level: submission.level,
            runtime: submission.program.runtime.name,
            batchID: submission.batch?.id,
            rerunOf: submission.rerunOf,
            labels: submission.labels,
            outcome: outcome,
            attempt: isAttempt ? grant.attempt : grant.attempt - 1,
            submittedAt: grant.submittedAt,
            startedAt: startedAt,
            finishedAt: now,
            worker: worker
        )
        document.points = submission.tests?.points
        document.score = document.points.map { _ in 0 }
        return document
    }
}

/// When a program started, which all copies of its execution share.
private final class Start: Sendable {
    let time = Mutex<Date?>(nil)
}
