/// How far an execution has come in its cases, and what they make of it.
///
/// 1. Cases are run in their order, and none behind one that was not.
/// 2. The first that is not accepted decides, unless somebody asked for the end of another; where all
///    are accepted, the last.
/// 3. Behind a program that could not be built, or a case whose end somebody asked for, none is run,
///    nor once somebody asked for that of the execution.
public struct CaseSeries: Sendable {
    private let count: Int
    private let stopsOnFirstFailure: Bool
    private var ended = 0
    private var isStopped = false
    private var decision: (index: Int, outcome: Outcome)?

    /// Begins before the first of the cases.
    public init(_ plan: TestPlan) {
        count = plan.cases.count
        stopsOnFirstFailure = plan.stopsOnFirstFailure
    }

    /// The case to run next; nil when there is none.
    public var next: Int? { isStopped || ended == count ? nil : ended }

    /// The case that decides so far.
    public var decider: Int { decision?.index ?? 0 }

    /// What becomes of the execution.
    ///
    /// Without any case that ended it is cancelled: nothing else ends an execution before its first.
    public var outcome: Outcome { decision?.outcome ?? Outcome(.cancelled) }

    /// Takes the end of the next case.
    public mutating func end(_ judgement: CaseJudgement) {
        let isOpen = decision == nil || decision?.outcome.state == .succeeded
        if isOpen || judgement.outcome.state == .cancelled {
            decision = (ended, judgement.outcome)
        }
        ended += 1
        let isFailure = judgement.verdict != .accepted
        isStopped = judgement.verdict == .skipped || isFailure && stopsOnFirstFailure
    }

    /// Takes that the execution has to end so, between two cases.
    public mutating func stop(as outcome: Outcome) {
        decision = (decider, outcome)
        isStopped = true
    }

    /// Takes that there is no program to run: `outcome` is that of the build.
    public mutating func endWithoutProgram(_ outcome: Outcome) {
        decision = (0, outcome)
        isStopped = true
    }
}
