/// What became of a case, as a word that programs can compare.
public enum CaseVerdict: String, CaseIterable, Codable, Sendable {
    /// Exit code 0, within all limits, and the output that is expected, if one is.
    case accepted
    /// As accepted but for the output.
    case wrongAnswer = "wrong_answer"
    /// Another exit code, or a signal.
    case failed
    /// Above its wall or CPU limit.
    case timedOut = "timed_out"
    /// Above its memory limit.
    case outOfMemory = "out_of_memory"
    /// It wrote more than is kept, where the pool's policy is to kill.
    case outputExceeded = "output_exceeded"
    /// It was not run to its end: an earlier case decided, the program could not be built, or somebody
    /// asked for the execution's end.
    case skipped
}

/// How a case ended, and what that makes of its execution if it decides.
public struct CaseJudgement: Equatable, Sendable {
    /// What the output of a case is, compared with what is expected.
    public enum Answer: Equatable, Sendable {
        /// What is expected, or nothing is.
        case right
        /// Something else, from there on.
        case wrong(OutputDifference)
        /// More than is kept, so that it cannot be known to be what is expected.
        case truncated
    }

    /// What became of the case.
    public let verdict: CaseVerdict
    /// Why, as in ``Outcome/reason``; of a wrong answer `stdout`, if it was truncated.
    public let reason: Outcome.Reason?
    /// Where a wrong answer is wrong; nil for another end, and for one that was truncated, of which nobody
    /// knows.
    public let difference: OutputDifference?
    /// What becomes of an execution whose first case not to be accepted this is.
    public let outcome: Outcome

    /// Judges a case whose program ended so.
    public init(_ end: Outcome, answer: Answer) {
        difference =
            if case .wrong(let difference) = answer, end.state == .succeeded { difference } else {
                nil
            }
        switch end.state {
        case .succeeded where answer == .right:
            (verdict, reason, outcome) = (.accepted, nil, end)
        case .succeeded:
            verdict = .wrongAnswer
            reason = answer == .truncated ? .stdout : nil
            outcome = Outcome(wrongAnswerOf: end)
        case .timedOut:
            (verdict, reason, outcome) = (.timedOut, end.reason, end)
        case .outOfMemory:
            (verdict, reason, outcome) = (.outOfMemory, end.reason, end)
        case .outputExceeded:
            (verdict, reason, outcome) = (.outputExceeded, end.reason, end)
        case .cancelled:
            (verdict, reason, outcome) = (.skipped, nil, end)
        case .failed, .queued, .running, .expired, .errored:
            (verdict, reason, outcome) = (.failed, end.reason, end)
        }
    }
}
