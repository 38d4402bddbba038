internal import PostgreSQL
internal import SandmillEntity
internal import SandmillService

/// Finds out whether somebody wants an execution to end.
enum CancellationQuery {
    /// SQL for how it has to end: `cancelled`, `superseded`, or null; with ``join(id:tenant:)`` and,
    /// where it has one, its `batch`.
    static let decidedEnd = """
        coalesce(cancellation.reason, case when batch.cancelled_at is not null then 'cancelled' end)
        """

    /// SQL that joins the cancellation of an execution, of which two can be for one.
    static func join(id: String, tenant: String) -> String {
        """
        left join lateral (
            select coalesce(reason, 'cancelled') as reason from cancellations
            where execution_id = \(id) and cancellations.tenant in ('', \(tenant))
            order by reason limit 1
        ) as cancellation on true
        """
    }

    /// Reads ``decidedEnd``, or `expired`.
    static func outcome(_ word: String?) -> Outcome? {
        switch word {
        case nil: nil
        case "expired": Outcome(.expired)
        case "superseded": Outcome(.cancelled, .superseded)
        default: Outcome(.cancelled)
        }
    }
}

extension AttemptGrant {
    /// Reads the columns `attempt`, `retries`, `uncounted_attempts`, `lost_workers`, `submitted_at`,
    /// `started_at` and `decided_end`.
    init(_ row: Row) throws {
        self.init(
            attempt: try row["attempt"],
            retries: try row["retries"],
            uncountedAttempts: try row["uncounted_attempts"],
            lostWorkers: try row["lost_workers"],
            submittedAt: try row["submitted_at"],
            startedAt: try row["started_at"],
            decidedEnd: CancellationQuery.outcome(try row["decided_end"])
        )
    }
}

extension Claim {
    /// The message that takes the request to its queue, as ``StoredMessage/ofRequest(in:)`` has it.
    var outboundMessage: OutboundMessage {
        OutboundMessage(
            exchange: .submit,
            routingKey: "\(submission.pool).\(submission.level.rawValue)",
            properties: request.properties,
            body: request.body
        )
    }
}
