internal import CSandboxAgent
internal import Glibc
internal import SandboxProtocol

/// What the agent keeps open for the life of its sandbox.
final class Sandbox {
    let channel: FrameChannel
    let children: Children
    let group: ControlGroup
    let workingDirectory: WorkingDirectory
    var interpreter: WarmInterpreter
    /// Whether the warm interpreter ended during a run.
    var interpreterIsLost = false

    private let proof: SandboxReset

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
        workingDirectory = try WorkingDirectory(path: "/work")
        var places: [WritablePlace] = []
        for path in ["/work", "/tmp", "/dev/shm", "/dev/mqueue"] {
            places.append(try WritablePlace(path: path))
        }
        proof = try SandboxReset(places: places)
        interpreter = try WarmInterpreter(options)
        try interpreter.prepare()
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
            if watched[1].revents != 0 { fail("the warm interpreter has ended") }
            channel.receive()
        }
    }

    /// Empties the sandbox, and proves that nothing of the last run is left.
    func reset() throws(UncleanSandbox) {
        if interpreterIsLost { throw UncleanSandbox(what: "the warm interpreter has ended") }
        try proof.perform()
    }

    /// Has the process for the next run forked.
    func prepareNext() {
        do {
            try interpreter.prepare()
        } catch {
            fail("\(error)")
        }
    }
}
