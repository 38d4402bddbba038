internal import CSandboxAgent
internal import Glibc
internal import SandboxProtocol

/// What the agent keeps open for the life of its sandbox.
final class Sandbox {
    private static let workingDirectoryPath = "/work"

    let channel: FrameChannel
    let children: Children
    let group: ControlGroup
    let workingDirectory: WorkingDirectory
    let reset: SandboxReset
    var interpreter: WarmInterpreter

    /// Checks that the agent is where it must be, and warms up the interpreter.
    init(_ options: AgentOptions) throws(SystemError) {
        guard getpid() == 1, geteuid() == 0 else {
            throw SystemError("start as process 1 of a container, as root", code: EPERM)
        }
        try check(sandbox_protect_self(), "prctl")
        channel = try FrameChannel(
            input: Descriptor(takingOwnershipOf: STDIN_FILENO),
            output: Descriptor(takingOwnershipOf: STDOUT_FILENO)
        )
        children = try Children()
        group = ControlGroup()
        workingDirectory = try WorkingDirectory(path: Self.workingDirectoryPath)
        reset = try SandboxReset(
            workingDirectory: try WritablePlace(path: Self.workingDirectoryPath),
            scratchPlaces: try MountTable.current()
                .writablePlaces(besides: Self.workingDirectoryPath)
        )
        interpreter = try WarmInterpreter(options)
        do {
            try interpreter.prepare()
            try interpreter.awaitProcess(milliseconds: 60_000)
        } catch {
            throw SystemError(error.what, code: ECHILD)
        }
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
                if children.reap() != nil { fail("the warm interpreter has ended") }
            }
            if watched[0].revents != 0 { channel.receive() }
        }
    }
}
