internal import CSandboxAgent
internal import Glibc
internal import SandboxProtocol

/// A running program: its input is fed, its output is read, and its limits are held.
struct ProgramRun: ~Copyable {
    /// How long output may wait for more before it is sent, in nanoseconds.
    private static let flushInterval: UInt64 = 50_000_000
    /// The shortest time between two looks at the processor time, in nanoseconds.
    private static let cpuInterval: UInt64 = 5_000_000
    /// The time between two looks at the number of sockets, in nanoseconds: in it a program fills
    /// some tens of megabytes.
    private static let socketInterval: UInt64 = 10_000_000
    /// How long a program that is warned may take to write out what it holds back, in nanoseconds.
    private static let warningTime: UInt64 = 20_000_000
    /// How long killed processes may take to be gone, in nanoseconds.
    private static let killPatience: UInt64 = 2_000_000_000
    /// For how long in all a program may wait for a worker that takes no output, without that it
    /// counts as the program's own time, in nanoseconds.
    private static let stallAllowance: UInt64 = 60_000_000_000

    private let sandbox: Sandbox
    private let token: UInt64
    private let limits: Run.Limits
    private let killsOnExcessOutput: Bool
    private let takesWarning: Bool
    private let user: uid_t
    private let main: pid_t
    private var stdin: StandardInput
    private var stdinPipe: Descriptor
    private var stdout: OutputReader
    private var stderr: OutputReader

    private let memoryBefore: ControlGroup.Memory
    private let cpuMeter: CPUMeter
    private let started: MonotonicTime
    private var wallDeadline: MonotonicTime
    /// How long the worker has taken no output, of what is allowed, in nanoseconds.
    private var stalledNanoseconds: UInt64 = 0
    private var cpuCheck: MonotonicTime
    /// How many sockets its memory limit has room for; nil where the kernel counts their memory.
    private let socketLimit: UInt64?
    private var socketCheck: MonotonicTime
    private var flushTime: MonotonicTime?
    private var killDeadline: MonotonicTime?

    private var kill = Report.Exit.Kill.none
    /// When a program that was warned is killed.
    private var warningEnd: MonotonicTime?
    private var hasKilled = false
    private var status: CInt?
    private var wallNanoseconds: UInt64 = 0
    private var reapedNanoseconds: UInt64 = 0
    private var residentPeakBytes: UInt64 = 0

    /// Hands `launch` to the process that waits for it; it is one of the run with this token.
    init(
        _ launch: consuming Launch,
        token: UInt64,
        stdin: consuming StandardInput,
        in sandbox: Sandbox
    ) throws(SystemError) {
        let zygote = launch.zygote
        let user = zygote.user
        let main: pid_t
        do throws(UncleanSandbox) {
            main = try zygote.awaitProcess()
        } catch {
            throw SystemError(error.what, code: ECHILD)
        }
        let input = try Pipe()
        let output = try Pipe()
        let errors = try Pipe()
        let streams = [input.readEnd.number, output.writeEnd.number, errors.writeEnd.number]
        // Owned by its user, a stream can be opened again as /dev/stdin, /dev/stdout, /dev/stderr.
        for stream in streams { try check(fchown(stream, user, user), "chown a pipe") }
        try input.writeEnd.makeNonBlocking()
        try output.readEnd.makeNonBlocking()
        try errors.readEnd.makeNonBlocking()
        var stdinPipe = input.writeEnd
        if stdin.pump(into: stdinPipe) { stdinPipe.close() }
        try Self.exposeToOOMKiller(main)
        let memory = sandbox.group.memory()
        let meter = CPUMeter(sandbox.group, main: main)
        let now = MonotonicTime.now
        try zygote.hand(over: launch, streams)

        limits = launch.limits
        killsOnExcessOutput = launch.killsOnExcessOutput
        takesWarning = launch.takesWarning
        self.token = token
        self.sandbox = sandbox
        self.main = main
        self.user = user
        self.stdin = stdin
        self.stdinPipe = stdinPipe
        stdout = OutputReader(
            .stdout,
            output.readEnd,
            cap: limits.stdoutBytes,
            isFollowed: launch.isFollowed
        )
        stderr = OutputReader(
            .stderr,
            errors.readEnd,
            cap: limits.stderrBytes,
            isFollowed: launch.isFollowed
        )
        memoryBefore = memory
        cpuMeter = meter
        started = now
        wallDeadline = now.advanced(by: limits.wallNanoseconds)
        cpuCheck = now.advanced(by: limits.cpuNanoseconds / CPUMeter.processors)
        socketLimit = sandbox.group.memoryLimitWithoutSockets().map {
            $0 / SocketTable.internetSocketBytes
        }
        socketCheck = now.advanced(by: socketLimit == nil ? .max : Self.socketInterval)
    }

    /// Makes the OOM killer take a process, and all it will start, before any of the sandbox's own.
    private static func exposeToOOMKiller(_ pid: pid_t) throws(SystemError) {
        let file = try Descriptor(opening: "/proc/\(pid)/oom_score_adj", O_WRONLY)
        try file.writeAll(Array("1000".utf8)[...])
    }

    /// Watches the program until its first process has ended, and kills what is left of it;
    /// ``takeExit()`` comes next.
    mutating func supervise() throws(UncleanSandbox) {
        while status == nil {
            let isStalled = !takesOutput
            let start = MonotonicTime.now
            let ready = awaitEvent()
            if isStalled { noteStall(MonotonicTime.now.since(start)) }
            if ready.child { reap() }
            if ready.stdin { feed() }
            if ready.stdout { _ = stdout.read(reportingTo: sandbox.channel) }
            if ready.stderr { _ = stderr.read(reportingTo: sandbox.channel) }
            if ready.worker { try receiveCommands() }
            try holdLimits()
            flush()
        }
        try killOthers()
    }

    /// Takes in all that was written, and says how the program ended; ``reportRest()`` comes next.
    mutating func takeExit() -> Report.Exit {
        while stdout.read(reportingTo: sandbox.channel) {}
        while stderr.read(reportingTo: sandbox.channel) {}
        return exit()
    }

    /// The first bytes of standard error, if it was not reported as it came.
    func beginningOfErrors() -> [UInt8] {
        stderr.beginning(FrameLimits.buildOutput)
    }

    /// Kills the program, before it is watched.
    mutating func cancel() throws(UncleanSandbox) {
        try end(.cancelled)
    }

    /// Reports what is left of the streams that were not truncated.
    func reportRest() {
        stdout.reportRest(to: sandbox.channel)
        stderr.reportRest(to: sandbox.channel)
    }

    /// Reports the tails of the streams that were truncated.
    func reportTails() {
        stdout.reportTail(to: sandbox.channel)
        stderr.reportTail(to: sandbox.channel)
    }

    // MARK: Events

    private struct Readiness {
        var child = false
        var worker = false
        var stdin = false
        var stdout = false
        var stderr = false
    }

    /// Whether the worker takes what is sent; while it does not, the program's output stays in its
    /// pipes, and it waits.
    private var takesOutput: Bool { sandbox.channel.unsent <= FrameChannel.bound }

    /// Lets the wall clock stand for as long as the program had to wait for the worker, up to the
    /// allowance.
    private mutating func noteStall(_ nanoseconds: UInt64) {
        let allowed = min(nanoseconds, Self.stallAllowance - stalledNanoseconds)
        stalledNanoseconds += allowed
        wallDeadline = wallDeadline.advanced(by: allowed)
    }

    private func awaitEvent() -> Readiness {
        let takesOutput = takesOutput
        var watched = [
            pollfd(fd: sandbox.children.signal.number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: sandbox.channel.input.number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: stdinPipe.number, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: takesOutput ? stdout.descriptor : -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: takesOutput ? stderr.descriptor : -1, events: Int16(POLLIN), revents: 0),
            pollfd(
                fd: sandbox.channel.isBlocked ? sandbox.channel.output.number : -1,
                events: Int16(POLLOUT),
                revents: 0
            ),
        ]
        _ = unsafe sandbox_poll(&watched, nfds_t(watched.count), nextDeadline.since(.now))
        return Readiness(
            child: watched[0].revents != 0,
            worker: watched[1].revents != 0,
            stdin: watched[2].revents != 0,
            stdout: watched[3].revents != 0,
            stderr: watched[4].revents != 0
        )
    }

    private var nextDeadline: MonotonicTime {
        let limit = killDeadline ?? warningEnd ?? min(wallDeadline, cpuCheck, socketCheck)
        return min(limit, flushTime ?? limit)
    }

    private mutating func feed() {
        if stdin.pump(into: stdinPipe) { stdinPipe.close() }
    }

    private mutating func flush() {
        let channel = sandbox.channel
        if channel.isBlocked {
            // It is the worker's turn: an event says when it takes more, and no time is kept.
            flushTime = nil
            channel.flushAvailable()
        } else if let time = flushTime, time <= .now {
            channel.flushAvailable()
            flushTime = nil
        } else if flushTime == nil, channel.unsent > 0 {
            flushTime = MonotonicTime.now.advanced(by: Self.flushInterval)
        }
    }

    private mutating func receiveCommands() throws(UncleanSandbox) {
        sandbox.channel.receive()
        while let command = sandbox.channel.nextCommand() {
            switch command {
            case .cancel(let token):
                if token == self.token { try end(.cancelled) }
            case .probe(let nonce): sandbox.channel.answer(nonce)
            case .run, .input, .forget, .proceed: fail("the worker sent a run within a run")
            }
        }
    }

    // MARK: Ends

    private mutating func holdLimits() throws(UncleanSandbox) {
        guard status == nil else { return }
        let now = MonotonicTime.now
        if let killDeadline {
            if killDeadline <= now { throw UncleanSandbox(what: "a process cannot be killed") }
            return
        }
        if let warningEnd {
            if warningEnd <= now { try end(kill) }
            return
        }
        if killsOnExcessOutput, stdout.capture.isTruncated { return try end(.stdout) }
        if killsOnExcessOutput, stderr.capture.isTruncated { return try end(.stderr) }
        if wallDeadline <= now { return try warn(.wallTime) }
        if let socketLimit, socketCheck <= now {
            if sandbox.sockets.internetCount() > socketLimit { return try end(.memory) }
            socketCheck = now.advanced(by: Self.socketInterval)
        }
        guard cpuCheck <= now else { return }
        let used = cpuMeter.soFar(sandbox.group, reaped: reapedNanoseconds)
        if used >= limits.cpuNanoseconds { return try warn(.cpuTime) }
        let left = (limits.cpuNanoseconds - used) / CPUMeter.processors
        cpuCheck = now.advanced(by: max(left, Self.cpuInterval))
    }

    /// Lets a program that can be warned write out what it holds back before it is killed.
    private mutating func warn(_ reason: Report.Exit.Kill) throws(UncleanSandbox) {
        guard takesWarning else { return try end(reason) }
        reap()
        guard status == nil else { return }
        kill = reason
        warningEnd = MonotonicTime.now.advanced(by: Self.warningTime)
        guard sandbox_warn(main, user) == 0 else {
            throw UncleanSandbox(what: SystemError("warn").description)
        }
    }

    /// Kills the program, unless its first process has just ended by itself.
    private mutating func end(_ reason: Report.Exit.Kill) throws(UncleanSandbox) {
        reap()
        guard status == nil else { return }
        kill = reason
        killDeadline = MonotonicTime.now.advanced(by: Self.killPatience)
        try killAll()
    }

    private mutating func killAll() throws(UncleanSandbox) {
        hasKilled = true
        try sandbox.children.killAll(of: user)
    }

    private mutating func reap() {
        sandbox.children.clearSignal()
        while let ended = sandbox.children.reap() {
            if sandbox.noteEnd(of: ended.pid) { continue }
            reapedNanoseconds += ended.cpuNanoseconds
            residentPeakBytes = max(residentPeakBytes, ended.memoryPeakBytes)
            // Once the first process is reaped, another may have its number.
            if ended.pid == main, status == nil {
                status = ended.status
                let elapsed = MonotonicTime.now.since(started)
                wallNanoseconds = elapsed - min(elapsed, stalledNanoseconds)
                return
            }
        }
    }

    /// Kills what the first process has left behind; nothing of that user runs afterwards.
    private mutating func killOthers() throws(UncleanSandbox) {
        let deadline = MonotonicTime.now.advanced(by: Self.killPatience)
        while !sandbox.children.areOnly(sandbox.processes) {
            try killAll()
            guard .now < deadline else { throw UncleanSandbox(what: "a process cannot be killed") }
            sandbox.children.wait(milliseconds: 10)
            reap()
        }
        if hasKilled, sandbox_check_scheduling() != 0 {
            throw UncleanSandbox(what: "the agent's scheduling was changed")
        }
    }

    private func exit() -> Report.Exit {
        let status = status ?? 0
        let ownSignal = sandbox_status_signal(status)
        let memory = sandbox.group.memory()
        // What ended by itself at the very limit was not killed; what was warned had reached it, however it
        // ended then.
        let signal = warningEnd == nil ? ownSignal : SIGKILL
        let kill = signal == SIGKILL ? kill : .none
        let cpu = cpuMeter.total(sandbox.group, reaped: reapedNanoseconds)
        return Report.Exit(
            status: signal == 0
                ? .code(UInt8(truncatingIfNeeded: sandbox_status_code(status)))
                : .signal(UInt8(truncatingIfNeeded: signal)),
            kill: kill,
            wallNanoseconds: wallNanoseconds,
            // The group's figure had reached the limit; that of wait4(2) may be a little lower.
            cpuNanoseconds: kill == .cpuTime ? max(cpu, limits.cpuNanoseconds) : cpu,
            memoryPeakBytes: memory.peak(since: memoryBefore, resident: residentPeakBytes),
            oomKills: memory.oomKills(since: memoryBefore),
            stdoutBytes: stdout.capture.count,
            stderrBytes: stderr.capture.count
        )
    }
}
