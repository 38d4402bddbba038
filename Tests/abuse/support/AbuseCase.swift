import SandboxFixture
import SandmillEntity
import Testing

/// A hostile program, and what must come of it.
struct AbuseCase: Sendable, CustomTestStringConvertible {
    /// What it does, as a sentence.
    let name: String
    /// Its source, in Python.
    let source: String
    /// What it is given beside its source.
    var files: [Program.InputFile] = []
    var arguments: [String] = []
    var environment: [String: String] = [:]
    var stdin: [UInt8] = []
    var outputs: [String] = []
    /// What it is held to.
    var limits = Limits.tight
    /// How it must end; any of these, where the kernel decides.
    var endings: [Ending] = [.exit(0)]
    /// What it must print; nil where ``check`` looks at that.
    var stdout: String?
    /// Whether the sandbox may be given up instead of being proved clean.
    var mayLeaveUnclean = false
    /// What else must hold.
    var check: @Sendable (Collected) throws -> Void = { _ in }

    var testDescription: String { name }
}

/// How a program must end: what ``Outcome`` says, without what it leaves to the kernel.
enum Ending: Hashable, Sendable, CustomStringConvertible {
    /// By itself, with this code.
    case exit(Int)
    /// By a signal that the sandbox did not send.
    case signal(Int)
    /// At a limit.
    case wallTime
    case cpuTime
    case outOfMemory
    /// None that a program's own doing can be.
    case fault(String)

    /// Takes what matters of an outcome.
    init(_ outcome: Outcome) {
        self =
            switch (outcome.state, outcome.reason, outcome.exitCode, outcome.signal) {
            case (.succeeded, nil, 0?, nil): .exit(0)
            case (.failed, .exitCode?, let code?, nil): .exit(code)
            case (.failed, .signal?, nil, let signal?): .signal(signal)
            case (.timedOut, .wallTime?, _, _): .wallTime
            case (.timedOut, .cpuTime?, _, _): .cpuTime
            case (.outOfMemory, .memory?, _, _): .outOfMemory
            default: .fault("\(outcome)")
            }
    }

    var description: String {
        switch self {
        case .exit(let code): "exit code \(code)"
        case .signal(let number): "signal \(number)"
        case .wallTime: "wall_time"
        case .cpuTime: "cpu_time"
        case .outOfMemory: "out_of_memory"
        case .fault(let outcome): outcome
        }
    }
}

extension Limits {
    /// Little of all but time: what is to end at a limit of time names it, and all else must have
    /// enough of it where others use the machine.
    static let tight = Limits(
        wall: .seconds(20),
        cpu: .seconds(20),
        memory: .mebibytes(64),
        processes: 32,
        stdout: .kibibytes(64),
        stderr: .kibibytes(64),
        output: .mebibytes(2),
        outputFiles: 20
    )

    /// These limits with some of them changed.
    func with(
        wall: Duration? = nil,
        cpu: Duration? = nil,
        processes: Int? = nil,
        stdout: ByteCount? = nil,
        output: ByteCount? = nil,
        outputFiles: Int? = nil
    ) -> Limits {
        var limits = self
        if let wall { limits.wall = wall }
        if let cpu { limits.cpu = cpu }
        if let processes { limits.processes = processes }
        if let stdout { limits.stdout = stdout }
        if let output { limits.output = output }
        if let outputFiles { limits.outputFiles = outputFiles }
        return limits
    }
}
