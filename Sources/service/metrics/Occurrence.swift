internal import Metrics
internal import SandmillEntity

/// What any process counts, wherever it happens.
enum Occurrence {
    /// Begins to count what a worker of `pool` may see, so that nought is told of what has not happened.
    static func prepare(pool: String) {
        _ = counterOfEnds(pool: pool, state: .succeeded, reason: nil)
        let kinds = RequestRefusal.Kind.allCases.map(\.rawValue) + ["unroutable", "given_up"]
        for kind in kinds { _ = counterOfRefusals(kind) }
        _ = counterOfExpiredLeases
    }

    /// Counts requests that a gateway, or a message with a batch, has brought.
    static func countReceived(_ count: Int, pool: String, level: Level) {
        Counter(
            label: "sandmill_executions_received",
            dimensions: [("pool", pool), ("level", level.rawValue)]
        )
        .increment(by: count)
    }

    /// Counts the members of a batch that has come in one document.
    static func count(_ batch: BatchAdmission) {
        for (level, members) in Dictionary(grouping: batch.members, by: \.submission.level) {
            countReceived(members.count, pool: batch.pool, level: level)
        }
        countRefused(batch.refused)
    }

    /// Counts an end that is durable.
    static func countEnd(_ document: ResultDocument) {
        counterOfEnds(pool: document.pool, state: document.state, reason: document.reason)
            .increment()
    }

    /// Counts messages that were refused and are kept.
    static func countRefused(_ letters: [DeadLetter]) {
        for letter in letters { counterOfRefusals(letter.errorType).increment() }
    }

    /// Counts a worker that is dead.
    static func countExpiredLease() { counterOfExpiredLeases.increment() }

    private static func counterOfEnds(
        pool: String,
        state: ExecutionState,
        reason: Outcome.Reason?
    ) -> Counter {
        Counter(
            label: "sandmill_executions_finished",
            dimensions: [
                ("pool", pool), ("state", state.rawValue), ("reason", reason?.rawValue ?? ""),
            ]
        )
    }

    private static func counterOfRefusals(_ errorType: String) -> Counter {
        Counter(label: "sandmill_dead_letters", dimensions: [("error_type", errorType)])
    }

    private static var counterOfExpiredLeases: Counter {
        Counter(label: "sandmill_leases_expired")
    }
}
