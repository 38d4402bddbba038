internal import SandboxProtocol

/// One process of a run, before it is started: the program, or the compiler that makes it.
struct Launch: ~Copyable {
    /// Who forks it.
    let zygote: Zygote
    /// Its own name, or for the warm interpreter the entrypoint, and what it is given.
    let arguments: [String]
    /// Its environment, each `name=value`; for the warm interpreter what is added to its own.
    let environment: [String]
    /// What it executes; when it is closed, the file that its own name is the path of.
    let executable: Descriptor
    /// What it is held to.
    let limits: Run.Limits
    /// Whether it executes an interpreter that finds what was built as its descriptor 3, and not that.
    let passesExecutable: Bool
    /// Whether it writes out what it holds back when it is warned.
    let takesWarning: Bool
    /// Whether it is killed when it writes more than is kept.
    let killsOnExcessOutput: Bool
    /// Whether its output is reported as it comes, and not when it is known how it ended.
    let isFollowed: Bool

    /// Launches the program of `run`; `executable` is what was built.
    init(_ run: Run, by zygote: Zygote, executable: consuming Descriptor) {
        self.zygote = zygote
        var passesExecutable = false
        switch run.start {
        case .warm:
            arguments = [run.entrypoint] + run.arguments
            environment = run.environment.map { "\($0.name)=\($0.value)" }
        case .command(let command):
            arguments = command + run.arguments
            environment = Self.complete(run.environment)
        case .built(_, let command), .kept(let command):
            arguments = (command.isEmpty ? ["program"] : command) + run.arguments
            environment = Self.complete(run.environment)
            passesExecutable = !command.isEmpty
        }
        self.passesExecutable = passesExecutable
        takesWarning = run.start == .warm
        self.executable = executable
        limits = run.limits
        killsOnExcessOutput = run.killsOnExcessOutput
        isFollowed = true
    }

    /// Launches the compiler of `run`.
    ///
    /// It gets nothing that the request says of the program: no environment and no input.
    init(_ build: Run.Build, of run: Run, by zygote: Zygote) {
        self.zygote = zygote
        arguments = build.command
        environment = Self.complete(build.environment)
        executable = Descriptor()
        passesExecutable = false
        takesWarning = false
        var limits = run.limits
        limits.wallNanoseconds = build.wallNanoseconds
        limits.cpuNanoseconds = build.cpuNanoseconds
        limits.processes = build.processes
        limits.stackBytes = Self.compilerStack
        limits.stderrBytes = min(limits.stderrBytes, Self.compilerOutput)
        self.limits = limits
        killsOnExcessOutput = false
        isFollowed = false
    }

    /// What a compiler asks for itself, as gcc does.
    private static let compilerStack: UInt64 = 64 << 20
    /// How much of what a compiler says is kept; it waits in the agent's memory for the end.
    private static let compilerOutput: UInt64 = 1 << 20

    private static func complete(_ variables: [Run.Variable]) -> [String] {
        var values = Zygote.environment
        for variable in variables { values[variable.name] = variable.value }
        return values.map { "\($0.key)=\($0.value)" }
    }
}
