/// How an execution ended: a terminal state, why, and the process's own words.
public struct Outcome: Equatable, Sendable {
    /// The terminal state.
    public let state: ExecutionState
    /// Why, as a word that programs can compare; nil for `succeeded` and where the state says it.
    public let reason: Reason?
    /// The exit code of the first process, if it exited.
    public let exitCode: Int?
    /// The signal that killed the first process, if one did.
    public let signal: Int?

    /// Why an execution ended as it did.
    public enum Reason: String, Codable, Sendable {
        /// It exited with a code other than 0.
        case exitCode = "exit_code"
        /// A signal killed it.
        case signal
        /// It did all it should, but its output is not what is expected.
        case wrongAnswer = "wrong_answer"
        /// It could not be built.
        case compileError = "compile_error"
        /// Its wall limit.
        case wallTime = "wall_time"
        /// Its CPU limit.
        case cpuTime = "cpu_time"
        /// Its memory limit.
        case memory
        /// Its limit of standard output.
        case stdout
        /// Its limit of standard error.
        case stderr
        /// Its limits of output files.
        case files
        /// The sandbox died or answered nonsense, at every attempt.
        case sandboxLost = "sandbox_lost"
        /// The container engine could not be used.
        case engineUnavailable = "engine_unavailable"
        /// The results directory could not be written.
        case resultsUnwritable = "results_unwritable"
        /// The record store cannot hold its end.
        case recordUnwritable = "record_unwritable"
        /// Three workers died while they ran it.
        case workerKiller = "worker_killer"
        /// It was accepted under a configuration that its pool no longer has.
        case unknownPool = "unknown_pool"
        /// Its request cannot be read from its record.
        case unreadableRecord = "unreadable_record"
        /// Another execution was asked for in its place.
        case superseded

        /// The state of every execution that ended for this reason.
        public var state: ExecutionState {
            switch self {
            case .exitCode, .signal, .wrongAnswer, .compileError: .failed
            case .wallTime, .cpuTime: .timedOut
            case .memory: .outOfMemory
            case .stdout, .stderr, .files: .outputExceeded
            case .superseded: .cancelled
            case .sandboxLost, .engineUnavailable, .resultsUnwritable, .recordUnwritable,
                .workerKiller, .unknownPool, .unreadableRecord:
                .errored
            }
        }
    }

    /// An end that was judged already, or one without a process: `cancelled` or `expired` before
    /// the start, or `errored`.
    public init(
        _ state: ExecutionState,
        _ reason: Reason? = nil,
        exitCode: Int? = nil,
        signal: Int? = nil
    ) {
        precondition(state.isTerminal, "an outcome is an end")
        self.state = state
        self.reason = reason
        self.exitCode = exitCode
        self.signal = signal
    }

    /// The end of a program that did all it should but for its output, which is wrong.
    public init(wrongAnswerOf outcome: Outcome) {
        state = .failed
        reason = .wrongAnswer
        exitCode = outcome.exitCode
        signal = outcome.signal
    }

    /// Judges a program's end by the facts alone.
    ///
    /// In this order: cancelled; the OOM killer's word, whatever the exit status; the limit that
    /// the sandbox enforced; a CPU time above the limit that was only seen at the end; the files'
    /// policy; the exit status.
    ///
    /// - Parameters:
    ///   - exit: The facts.
    ///   - limits: What it was held to.
    ///   - isBuilt: Whether it is the program's end, and not that of the compiler which failed.
    ///   - filesExceeded: Whether output files were left out and the policy forbids it.
    public init(
        of exit: ProgramExit,
        within limits: Limits,
        isBuilt: Bool = true,
        filesExceeded: Bool = false
    ) {
        let status: (state: ExecutionState, reason: Reason?)
        switch exit.status {
        case .code(let code):
            exitCode = code
            signal = nil
            status = code == 0 ? (.succeeded, nil) : (.failed, .exitCode)
        case .signal(let number):
            exitCode = nil
            signal = number
            status = (.failed, .signal)
        }
        (state, reason) =
            if exit.killCause == .cancelled {
                (.cancelled, nil)
            } else if exit.oomKills > 0 {
                (.outOfMemory, .memory)
            } else if let killCause = exit.killCause {
                Self.judge(killCause)
            } else if !isBuilt {
                (.failed, .compileError)
            } else if exit.cpu > limits.cpu {
                (.timedOut, .cpuTime)
            } else if filesExceeded {
                (.outputExceeded, .files)
            } else {
                status
            }
    }

    private static func judge(_ cause: ProgramExit.KillCause) -> (ExecutionState, Reason?) {
        switch cause {
        case .wallTime: (.timedOut, .wallTime)
        case .cpuTime: (.timedOut, .cpuTime)
        case .stdout: (.outputExceeded, .stdout)
        case .stderr: (.outputExceeded, .stderr)
        case .cancelled: (.cancelled, nil)
        case .memory: (.outOfMemory, .memory)
        }
    }
}
