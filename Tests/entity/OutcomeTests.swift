import SandmillEntity
import Testing

@Suite("Outcome")
struct OutcomeTests {
    struct Judgement: Sendable {
        let exit: ProgramExit
        let filesExceeded: Bool
        let state: ExecutionState
        let reason: Outcome.Reason?

        init(
            _ exit: ProgramExit,
            filesExceeded: Bool = false,
            is state: ExecutionState,
            _ reason: Outcome.Reason? = nil
        ) {
            self.exit = exit
            self.filesExceeded = filesExceeded
            self.state = state
            self.reason = reason
        }
    }

    @Test(arguments: [
        Judgement(.sample(.code(0)), is: .succeeded),
        Judgement(.sample(.code(1)), is: .failed, .exitCode),
        Judgement(.sample(.code(137)), is: .failed, .exitCode),
        Judgement(.sample(.code(255)), is: .failed, .exitCode),
        Judgement(.sample(.signal(9)), is: .failed, .signal),
        Judgement(.sample(.signal(11)), is: .failed, .signal),
        Judgement(.sample(.signal(9), killCause: .wallTime), is: .timedOut, .wallTime),
        Judgement(.sample(.signal(9), killCause: .cpuTime), is: .timedOut, .cpuTime),
        Judgement(.sample(.code(0), killCause: .wallTime), is: .timedOut, .wallTime),
        Judgement(.sample(.code(0), cpu: .seconds(5)), is: .succeeded),
        Judgement(.sample(.code(0), cpu: .milliseconds(5_001)), is: .timedOut, .cpuTime),
        Judgement(.sample(.signal(9), oomKills: 1), is: .outOfMemory, .memory),
        Judgement(.sample(.code(0), oomKills: 1), is: .outOfMemory, .memory),
        Judgement(
            .sample(.signal(9), killCause: .wallTime, oomKills: 1),
            is: .outOfMemory,
            .memory
        ),
        Judgement(.sample(.signal(9), killCause: .stdout), is: .outputExceeded, .stdout),
        Judgement(.sample(.signal(9), killCause: .stderr), is: .outputExceeded, .stderr),
        Judgement(.sample(.code(0)), filesExceeded: true, is: .outputExceeded, .files),
        Judgement(.sample(.code(1)), filesExceeded: true, is: .outputExceeded, .files),
        Judgement(
            .sample(.code(0), cpu: .seconds(6)),
            filesExceeded: true,
            is: .timedOut,
            .cpuTime
        ),
        Judgement(.sample(.signal(9), killCause: .cancelled), is: .cancelled),
        Judgement(.sample(.signal(9), killCause: .cancelled, oomKills: 1), is: .cancelled),
    ])
    func theFactsDecide(_ judgement: Judgement) {
        let outcome = Outcome(
            of: judgement.exit,
            within: .sample,
            filesExceeded: judgement.filesExceeded
        )
        #expect(outcome.state == judgement.state)
        #expect(outcome.reason == judgement.reason)
    }

    @Test(arguments: [
        (ProgramExit.sample(.code(1)), ExecutionState.failed, Outcome.Reason.compileError),
        (.sample(.code(0)), .failed, .compileError),
        (.sample(.signal(11)), .failed, .compileError),
        (.sample(.code(1), cpu: .seconds(9)), .failed, .compileError),
        (.sample(.code(1), oomKills: 1), .outOfMemory, .memory),
        (.sample(.signal(9), killCause: .wallTime), .timedOut, .wallTime),
        (.sample(.signal(9), killCause: .cpuTime), .timedOut, .cpuTime),
    ])
    func aBuildThatFailedIsJudgedByItsCompiler(
        exit: ProgramExit,
        state: ExecutionState,
        reason: Outcome.Reason
    ) {
        let outcome = Outcome(of: exit, within: .sample, isBuilt: false)
        #expect(outcome.state == state)
        #expect(outcome.reason == reason)
    }

    @Test(arguments: 0...255)
    func anExitCodeIsReportedExactly(code: Int) {
        let outcome = Outcome(of: .sample(.code(code)), within: .sample)
        #expect(outcome.exitCode == code)
        #expect(outcome.signal == nil)
    }

    @Test(arguments: 1...31)
    func aSignalIsReportedExactly(signal: Int) {
        let outcome = Outcome(of: .sample(.signal(signal)), within: .sample)
        #expect(outcome.signal == signal)
        #expect(outcome.exitCode == nil)
    }

    @Test func theWordsAreTheContracts() {
        let states = ExecutionState.allCases.filter(\.isTerminal).map(\.rawValue)
        #expect(
            states == [
                "succeeded", "failed", "timed_out", "out_of_memory", "output_exceeded",
                "cancelled", "expired", "errored",
            ]
        )
    }
}
