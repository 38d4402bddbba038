internal import CSandboxAgent
internal import Glibc
internal import SandboxProtocol

/// What the agent keeps open for the life of its sandbox.
final class Sandbox {
    private static let workingDirectoryPath = "/work"
    /// More than the agent, and the kernel for it, take while output is collected.
    private static let collectorMemory: UInt64 = 4 << 20
    /// Those that programs have: chosen at random, so that hardly ever two sandboxes of a host have the
    /// same.
    private static let users: Range<uid_t> = 100_000..<(1 << 30)

    let channel: FrameChannel
    let children: Children
    let group: ControlGroup
    let sockets: SocketTable
    let workingDirectory: WorkingDirectory
    let reset: SandboxReset
    /// What forks for each program.
    let zygotes: [Zygote]

    private let interpreter: Zygote?
    private let launcher: Zygote?
    private var lostProcesses: [pid_t] = []
    private var lastUser = uid_t.random(in: users)

    /// Checks that the agent and the runtimes are where they must be, and warms the zygotes up.
    init(_ options: AgentOptions) throws(SystemError) {
        guard getpid() == 1, geteuid() == 0 else {
            throw SystemError("start as process 1 of a container, as root", code: EPERM)
        }
        try check(sandbox_protect_self(), "prctl")
        try UserMap.check(Self.users)
        try Self.withholdTerminals()
        try options.checkExecutables()
        channel = try FrameChannel(
            input: Descriptor(takingOwnershipOf: STDIN_FILENO),
            output: Descriptor(takingOwnershipOf: STDOUT_FILENO)
        )
        children = try Children()
        group = ControlGroup()
        sockets = try SocketTable()
        workingDirectory = try WorkingDirectory(path: Self.workingDirectoryPath)
        let mounts = try MountTable.current()
        try mounts.protectParents()
        reset = SandboxReset(
            workingDirectory: try WritablePlace(path: Self.workingDirectoryPath),
            scratchPlaces: try mounts.writablePlaces(besides: Self.workingDirectoryPath)
        )
        // Devices are no files, and those that the engine puts there are harmless.
        let rules = try WriteRules(allowing: reset.places.map(\.path) + ["/dev"])
        launcher =
            options.needsLauncher
            ? try Zygote(launchingIn: Self.workingDirectoryPath, rules) : nil
        interpreter = options.needsInterpreter ? try Zygote(warming: options, rules) : nil
        zygotes = [launcher, interpreter].compactMap { $0 }
        do {
            try DeviceTimes.reset()
            try prepareZygotes()
            try awaitZygotes(milliseconds: 60_000)
        } catch {
            throw SystemError(error.what, code: ECHILD)
        }
    }

    /// Lets no program open a pseudo-terminal: all sandboxes of a host together have some thousands
    /// of them (`kernel.pty.max`), which one program could take.
    private static func withholdTerminals() throws(SystemError) {
        let result = unsafe chmod("/dev/pts/ptmx", 0o600)
        guard result == 0 || errno == ENOENT else { throw SystemError("chmod /dev/pts/ptmx") }
    }

    /// Who forks a program that is started so.
    func zygote(for start: Run.Start) -> Zygote {
        guard let zygote = start == .warm ? interpreter : launcher else {
            fail("the worker asks for a runtime that it has not enabled")
        }
        return zygote
    }

    /// A user that this sandbox has never had.
    func nextUser() -> uid_t {
        lastUser += 1
        return lastUser
    }

    /// Has a process forked ahead wherever none waits.
    func prepareZygotes() throws(UncleanSandbox) {
        for zygote in zygotes where !zygote.isPrepared { try zygote.prepare(as: nextUser()) }
    }

    /// Waits until they are there.
    func awaitZygotes(milliseconds: CInt = 5_000) throws(UncleanSandbox) {
        for zygote in zygotes { try zygote.awaitProcess(milliseconds: milliseconds) }
    }

    /// The processes of the sandbox itself, beside the agent.
    var processes: [pid_t] {
        zygotes.flatMap(\.processes).filter { !lostProcesses.contains($0) }
    }

    /// Notes the end of a process, if it is one of the sandbox itself; returns whether it is.
    func noteEnd(of pid: pid_t) -> Bool {
        let isOwn = processes.contains(pid)
        if isOwn { lostProcesses.append(pid) }
        return isOwn
    }

    /// Sees to it that the output of a program, of which no process is left, can be collected.
    ///
    /// Where its files fill the memory, the OOM killer would end the zygotes, and then the agent, for
    /// whom what they held may come too late. So their end comes first; the sandbox is not clean after
    /// it.
    func makeRoomForCollecting() {
        guard !group.hasRoom(for: Self.collectorMemory) else { return }
        // As process 1 the agent reaches all others, and not itself (kill(2)).
        _ = kill(-1, SIGKILL)
        while !children.areOnly([]) {
            children.wait(milliseconds: 10)
            while let ended = children.reap() { _ = noteEnd(of: ended.pid) }
        }
    }

    /// Checks that the processes of the sandbox itself are all there and wait for the next program.
    func checkNothingLost() throws(UncleanSandbox) {
        guard lostProcesses.isEmpty else {
            throw UncleanSandbox(what: "a process of the sandbox itself has ended")
        }
        for zygote in zygotes { try zygote.checkNothingUnreceived() }
    }

    /// Opens what a compiler made, and makes it nobody's to change; closed if there is no program.
    func takeProduct(of build: Run.Build) -> Descriptor {
        let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK
        if build.isKept, !Self.fillHoles(of: Run.Build.product, flags) { return Descriptor() }
        guard let product = try? Descriptor(opening: Run.Build.product, flags),
            let status = try? product.status(), status.st_mode & S_IFMT == S_IFREG,
            fchown(product.number, 0, 0) == 0, fchmod(product.number, 0o555) == 0
        else { return Descriptor() }
        return product
    }

    /// Gives a file all the pages it has room for: one that came to be when a program reads it would
    /// tell the next program so.
    private static func fillHoles(of path: String, _ flags: CInt) -> Bool {
        guard let file = try? Descriptor(opening: path, flags | O_RDWR),
            let status = try? file.status(), status.st_mode & S_IFMT == S_IFREG
        else { return false }
        return posix_fallocate(file.number, 0, status.st_size) == 0
    }

    /// Waits for the next command, between runs.
    func nextCommand() -> Command {
        while true {
            if let command = channel.nextCommand() { return command }
            var watched = [
                pollfd(fd: channel.input.number, events: Int16(POLLIN), revents: 0),
                pollfd(fd: children.signal.number, events: Int16(POLLIN), revents: 0),
            ]
            _ = unsafe poll(&watched, 2, -1)
            if watched[1].revents != 0 {
                // The signal may be that of a child of the last run, which is reaped already.
                children.clearSignal()
                if children.reap() != nil { fail("a process of the sandbox itself has ended") }
            }
            if watched[0].revents != 0 { channel.receive() }
        }
    }
}
