internal import SandmillEntity

/// Adds up what the cases of an execution came to.
struct CaseTally: Sendable {
    private let plan: TestPlan
    private var series: CaseSeries
    private var results: [CaseResult] = []
    private var deciding: RunResult?
    private var build: ResultDocument.Build?
    private var missing: [String]?
    private var figures: RunResult.Figures?

    init(_ plan: TestPlan) {
        self.plan = plan
        series = CaseSeries(plan)
    }

    /// The case to run next; nil when there is none.
    var next: Int? { series.next }

    /// Takes the end of the next case, and what its output was, held against what is expected.
    mutating func take(_ end: RunResult, answer: CaseJudgement.Answer) {
        guard let index = series.next else { preconditionFailure("no case was to be run") }
        if let added = end.figures {
            let judgement = CaseJudgement(end.outcome, answer: answer)
            series.end(judgement)
            var result = CaseResult(plan.cases[index], end, judgement)
            result.difference = judgement.difference?.revealed(by: plan.reveal)
            results.append(result)
            figures = figures?.adding(added) ?? added
        } else {
            series.endWithoutProgram(end.outcome)
        }
        if series.decider == index { deciding = end }
        build = build ?? end.build
        missing = missing?.filter(end.missing.contains) ?? end.missing
    }

    /// Takes that the execution has to end so, whatever the cases came to.
    mutating func stop(as outcome: Outcome) {
        series.stop(as: outcome)
    }

    /// The end of the execution, when no case is left; it shows the streams of the case that decided.
    func end(isClean: Bool) -> RunResult {
        guard var end = deciding else { preconditionFailure("a plan has a case, which decides") }
        end.outcome = series.outcome
        end.figures = figures
        end.build = build
        end.missing = missing ?? []
        (end.files, end.skipped) = ([], [])
        end.cases = results + plan.cases[results.count...].map(CaseResult.init(skipping:))
        end.decider = series.decider
        end.isClean = isClean
        return end
    }
}
