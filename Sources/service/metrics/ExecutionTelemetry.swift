internal import Metrics
internal import SandmillEntity

/// What a worker counts of the executions of one pool, and the times that it takes.
///
/// Each instrument is made once, so that to record costs an addition. A label has few values: a pool, a
/// level, a state, a reason or a runtime; never an id or a tenant. Any thread may use it.
final class ExecutionTelemetry: Sendable {
    /// A step of an attempt.
    enum Step: String, CaseIterable {
        /// The wait for a sandbox.
        case sandbox
        /// The time in a sandbox: what it is given, the program, and the proof that nothing of it is left.
        case run
        /// Until the output is durable.
        case collect
        /// Until the end is durable.
        case commit
    }

    private struct Lane {
        let received: Counter
        let claimed: Counter
        let duplicates: Counter
        let queueWait: Timer
        let sandboxWait: Timer
        let endToEnd: Timer

        init(pool: String, level: Level) {
            let labels = [("pool", pool), ("level", level.rawValue)]
            received = Counter(label: "sandmill_executions_received", dimensions: labels)
            claimed = Counter(label: "sandmill_executions_claimed", dimensions: labels)
            duplicates = Counter(label: "sandmill_executions_duplicate", dimensions: labels)
            queueWait = Timer(label: "sandmill_queue_wait_seconds", dimensions: labels)
            sandboxWait = Timer(label: "sandmill_sandbox_wait_seconds", dimensions: labels)
            endToEnd = Timer(label: "sandmill_end_to_end_seconds", dimensions: labels)
        }
    }

    private let lanes: [Level: Lane]
    private let runs: [String: Timer]
    private let collect: Timer
    private let commit: Timer

    /// Begins to count for `pool`, whose programs are of `runtimes`.
    init(pool: String, runtimes: [String]) {
        lanes = Dictionary(
            uniqueKeysWithValues: Level.allCases.map { ($0, Lane(pool: pool, level: $0)) }
        )
        runs = Dictionary(
            runtimes.map { runtime in
                let labels = [("pool", pool), ("runtime", runtime)]
                return (runtime, Timer(label: "sandmill_run_seconds", dimensions: labels))
            }
        ) { first, _ in first }
        Occurrence.prepare(pool: pool)
        collect = Timer(label: "sandmill_collect_seconds", dimensions: [("pool", pool)])
        commit = Timer(label: "sandmill_commit_seconds", dimensions: [("pool", pool)])
    }

    /// Counts a request that has come by the broker.
    func countReceived(_ level: Level) { lanes[level]?.received.increment() }

    /// Counts a request that had come before.
    func countDuplicate(_ level: Level) { lanes[level]?.duplicates.increment() }

    /// Counts an attempt that is this worker's to run, and how long its execution has waited for the first.
    func countClaimed(_ execution: ClaimedExecution) {
        guard let lane = lanes[execution.submission.level] else { return }
        lane.claimed.increment()
        if execution.grant.attempt == 1 { lane.queueWait.record(duration: execution.wait) }
    }

    /// Records how long an execution took whose end is durable, since it was submitted.
    func recordEnd(_ execution: ClaimedExecution) {
        lanes[execution.submission.level]?.endToEnd.record(duration: execution.wait)
    }

    /// Has `body` take a step, and records how long it took unless it threw.
    func measure<Result>(
        _ step: Step,
        of execution: ClaimedExecution,
        _ body: () async throws -> Result
    ) async rethrows -> Result {
        let start = ContinuousClock.now
        let result = try await body()
        timer(of: step, execution.submission)?.record(duration: ContinuousClock.now - start)
        return result
    }

    private func timer(of step: Step, _ submission: Submission) -> Timer? {
        switch step {
        case .sandbox: lanes[submission.level]?.sandboxWait
        case .run: runs[submission.program.runtime.name]
        case .collect: collect
        case .commit: commit
        }
    }
}

extension ClaimedExecution {
    /// Its age, which the rounding of times may have below nought.
    fileprivate var wait: Duration { max(age, .zero) }
}
