public import FoundationEssentials
public import SandmillEntity

/// A step of an execution between its submission and the record of its end.
public struct ExecutionStep: Equatable, Sendable {
    /// What it does.
    public enum Name: Hashable, Sendable {
        /// It waits to be claimed.
        case queued
        /// An attempt, of which only this is known.
        case attempt(Int)
        /// It waits for a sandbox.
        case sandbox
        /// Its program is in the sandbox, until nothing of that is left there.
        case program
        /// Its output becomes durable.
        case collect
        /// Its end is written to the record store, with the events that announce it.
        case commit

        /// The name for people.
        public var text: String {
            switch self {
            case .queued: "queued"
            case .attempt(let number): "attempt \(number)"
            case .sandbox: "sandbox"
            case .program: "program"
            case .collect: "collect"
            case .commit: "commit"
            }
        }
    }

    /// What it does.
    public var name: Name
    /// The state that belongs to it: of an attempt that in which it ended.
    public var state: ExecutionState
    /// When it began.
    public var start: Date
    /// When it was over, or the time now.
    public var end: Date

    /// How long it took; never below nought, whatever clocks say.
    public var duration: Duration { .seconds(max(0, end.timeIntervalSince(start))) }
}

extension ExecutionRecord {
    /// The steps that it has taken, in their order, as far as they are known.
    ///
    /// - Parameters:
    ///   - attempts: Those that ended, from the first.
    ///   - now: The end of a step that is not over.
    /// - Returns: The steps; each begins where the one before ends.
    public func steps(attempts: [AttemptRecord], at now: Date) -> [ExecutionStep] {
        var steps: [ExecutionStep] = []
        var last = submittedAt
        func take(_ name: ExecutionStep.Name, _ state: ExecutionState, until end: Date) {
            steps.append(ExecutionStep(name: name, state: state, start: last, end: end))
            last = end
        }
        for attempt in attempts {
            guard state.isTerminal, attempt.finishedAt == finishedAt,
                let claimed = attempt.claimedAt, let started = attempt.startedAt
            else {
                if let started = attempt.startedAt { take(.queued, .queued, until: started) }
                take(.attempt(attempt.number), attempt.state, until: attempt.finishedAt)
                continue
            }
            take(.queued, .queued, until: claimed)
            take(.sandbox, .queued, until: started)
            take(.program, attempt.state, until: attempt.finishedAt)
            if let collected = attempt.collectedAt { take(.collect, .running, until: collected) }
            if let committed = attempt.committedAt { take(.commit, .running, until: committed) }
        }
        let isTold = finishedAt != nil && attempts.last?.finishedAt == finishedAt
        if isTold { return steps }
        if state != .queued, let startedAt, startedAt >= last {
            take(.queued, .queued, until: startedAt)
            take(.attempt(attempt), state, until: finishedAt ?? now)
        } else {
            take(.queued, .queued, until: finishedAt ?? now)
        }
        return steps
    }
}
