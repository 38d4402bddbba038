import SandmillEntity
import Testing

/// What cases make of their execution.
@Suite("CaseSeries")
struct CaseSeriesTests {
    struct Verdict: Sendable {
        let exit: ProgramExit
        var answer = CaseJudgement.Answer.right
        let verdict: CaseVerdict
        var reason: Outcome.Reason?
        let state: ExecutionState
        var executionReason: Outcome.Reason?
    }

    static let verdicts = [
        Verdict(exit: .sample(.code(0)), verdict: .accepted, state: .succeeded),
        Verdict(
            exit: .sample(.code(0)),
            answer: .wrong(somewhere),
            verdict: .wrongAnswer,
            state: .failed,
            executionReason: .wrongAnswer
        ),
        Verdict(
            exit: .sample(.code(0)),
            answer: .truncated,
            verdict: .wrongAnswer,
            reason: .stdout,
            state: .failed,
            executionReason: .wrongAnswer
        ),
        Verdict(
            exit: .sample(.code(3)),
            verdict: .failed,
            reason: .exitCode,
            state: .failed,
            executionReason: .exitCode
        ),
        Verdict(
            exit: .sample(.signal(11)),
            answer: .wrong(somewhere),
            verdict: .failed,
            reason: .signal,
            state: .failed,
            executionReason: .signal
        ),
        Verdict(
            exit: .sample(.signal(9), killCause: .wallTime),
            verdict: .timedOut,
            reason: .wallTime,
            state: .timedOut,
            executionReason: .wallTime
        ),
        Verdict(
            exit: .sample(.signal(9), killCause: .cpuTime),
            verdict: .timedOut,
            reason: .cpuTime,
            state: .timedOut,
            executionReason: .cpuTime
        ),
        Verdict(
            exit: .sample(.signal(9), killCause: .memory),
            verdict: .outOfMemory,
            reason: .memory,
            state: .outOfMemory,
            executionReason: .memory
        ),
        Verdict(
            exit: .sample(.signal(9), killCause: .stderr),
            verdict: .outputExceeded,
            reason: .stderr,
            state: .outputExceeded,
            executionReason: .stderr
        ),
        Verdict(
            exit: .sample(.signal(9), killCause: .cancelled),
            verdict: .skipped,
            state: .cancelled
        ),
    ]

    @Test(arguments: verdicts)
    func aVerdictFollowsFromTheFacts(_ test: Verdict) {
        let judgement = CaseJudgement(Outcome(of: test.exit, within: .sample), answer: test.answer)
        #expect(judgement.verdict == test.verdict)
        #expect(judgement.reason == test.reason)
        #expect(judgement.outcome.state == test.state)
        #expect(judgement.outcome.reason == test.executionReason)
    }

    @Test func everyVerdictIsInTheTable() {
        #expect(Set(Self.verdicts.map(\.verdict)) == Set(CaseVerdict.allCases))
    }

    @Test func anExecutionSucceedsWhenAllCasesAreAcceptedAndShowsTheLast() {
        var series = CaseSeries(.of(3))
        for index in 0..<3 {
            #expect(series.next == index)
            series.end(.accepted)
        }
        #expect(series.next == nil)
        #expect(series.outcome.state == .succeeded)
        #expect(series.outcome.exitCode == 0)
        #expect(series.decider == 2)
    }

    @Test func theFirstThatIsNotAcceptedDecidesWhateverFollows() {
        var series = CaseSeries(.of(4))
        series.end(.accepted)
        series.end(.wrong)
        series.end(.ended(.sample(.code(3))))
        series.end(.accepted)
        #expect(series.next == nil)
        #expect(series.outcome.reason == .wrongAnswer)
        #expect(series.decider == 1)
    }

    @Test func itStopsAtTheFirstFailureWhereItIsAskedTo() {
        var series = CaseSeries(.of(4, stopsOnFirstFailure: true))
        series.end(.accepted)
        #expect(series.next == 1)
        series.end(.ended(.sample(.signal(6))))
        #expect(series.next == nil)
        #expect(series.outcome.signal == 6)
        #expect(series.decider == 1)
    }

    @Test func aProgramThatCannotBeBuiltSkipsAllCases() {
        var series = CaseSeries(.of(2))
        series.endWithoutProgram(
            Outcome(of: .sample(.code(1)), within: .sample, isBuilt: false)
        )
        #expect(series.next == nil)
        #expect(series.outcome.reason == .compileError)
        #expect(series.decider == 0)
    }

    @Test func aCancelledCaseCancelsWhateverWasBefore() {
        var series = CaseSeries(.of(4))
        series.end(.wrong)
        series.end(.ended(.sample(.signal(9), killCause: .cancelled)))
        #expect(series.next == nil)
        #expect(series.outcome.state == .cancelled)
    }

    @Test func anEndThatWasAskedForBetweenTwoCasesIsTheEnd() {
        var series = CaseSeries(.of(3))
        series.end(.accepted)
        series.end(.wrong)
        series.stop(as: Outcome(.cancelled))
        #expect(series.next == nil)
        #expect(series.outcome.state == .cancelled)
        #expect(series.decider == 1)
    }

    @Test(arguments: [(1, 4_096), (32, 4_096), (33, 3_971), (1_000, 131)])
    func previewsOfAllCasesTogetherAreBounded(cases: Int, length: Int) {
        #expect(CaseResult.previewLength(of: cases) == length)
        #expect(2 * cases * length <= 256 << 10)
    }
}

extension CaseJudgement {
    fileprivate static let accepted = ended(.sample(.code(0)))
    fileprivate static let wrong = CaseJudgement(
        Outcome(of: .sample(.code(0)), within: .sample),
        answer: .wrong(somewhere)
    )

    fileprivate static func ended(_ exit: ProgramExit) -> CaseJudgement {
        CaseJudgement(Outcome(of: exit, within: .sample), answer: .right)
    }
}

extension TestPlan {
    fileprivate static func of(_ count: Int, stopsOnFirstFailure: Bool = false) -> TestPlan {
        TestPlan(
            cases: (0..<count).map { TestCase(name: "\($0)", arguments: [], stdin: []) },
            stopsOnFirstFailure: stopsOnFirstFailure
        )
    }
}

private let somewhere = OutputDifference(line: 1, column: 1, expected: nil, got: nil)
