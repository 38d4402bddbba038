internal import FoundationEssentials
internal import SandmillEntity

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
    func document(outcome: Outcome, worker: String) -> ResultDocument {
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
            attempt: grant.attempt,
            submittedAt: grant.submittedAt,
            startedAt: grant.startedAt,
            finishedAt: now,
            worker: worker
        )
        document.points = submission.tests?.points
        document.score = document.points.map { _ in 0 }
        return document
    }
}
