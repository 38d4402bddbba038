internal import FoundationEssentials
internal import SandmillEntity

/// An execution that is this worker's to run.
struct ClaimedExecution: Sendable {
    let submission: Submission
    let request: RequestMessage
    let attempt: Int
    let submittedAt: Date
    let startedAt: Date
    private let claimedAt = ContinuousClock.now

    init(
        submission: Submission,
        request: RequestMessage,
        attempt: Int,
        submittedAt: Date,
        startedAt: Date
    ) {
        self.submission = submission
        self.request = request
        self.attempt = attempt
        self.submittedAt = submittedAt
        self.startedAt = startedAt
    }

    /// The time now, in whole milliseconds as documents write it.
    ///
    /// It is Postgres time at the claim plus what a monotonic clock measured since, so no jump of
    /// this host's clock shows.
    var now: Date {
        let elapsed = (ContinuousClock.now - claimedAt) / .milliseconds(1)
        let start = startedAt.timeIntervalSince1970 * 1_000
        return Date(timeIntervalSince1970: (start + elapsed).rounded() / 1_000)
    }

    /// Whether it may no longer start.
    var isExpired: Bool {
        submission.deadline.map { $0 <= now } ?? false
    }

    /// Begins the document of an end now.
    func document(outcome: Outcome, worker: String) -> ResultDocument {
        ResultDocument(
            id: submission.id,
            tenant: submission.tenant,
            pool: submission.pool,
            level: submission.level,
            runtime: submission.program.runtime.name,
            batchID: submission.batch?.id,
            labels: submission.labels,
            outcome: outcome,
            attempt: attempt,
            submittedAt: submittedAt,
            startedAt: startedAt,
            finishedAt: now,
            worker: worker
        )
    }
}
