internal import CSandboxAgent
internal import Glibc
internal import SandboxProtocol

/// A process that has everything ready and forks for each program: the warm interpreter (`warm.py`),
/// or the launcher, whose forks execute another file.
///
/// One process is always forked ahead: it has already become the next program's user and waits for
/// the program, so that the fork costs the program no time. It is the agent's own child.
final class Zygote {
    /// What programs find in their environment.
    static let environment = [
        "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8",
        "USER": "sandbox", "LOGNAME": "sandbox",
    ]

    /// The process that forks.
    let pid: pid_t
    /// The user of the process that waits for a program.
    private(set) var user: uid_t = 0

    private let name: String
    private let control: Descriptor
    private let requests: Descriptor
    private var waiting = Waiting.nothing

    private enum Waiting {
        case nothing
        case asked
        case process(pid_t)
    }

    /// Starts the warm interpreter; ``prepare(as:)`` comes next.
    init(warming options: AgentOptions, _ rules: borrowing WriteRules) throws(SystemError) {
        let control = try SocketPair()
        let requests = try SocketPair()
        // Programs inherit the objects of the standard streams, which must be made on pipes.
        let stdin = try Pipe()
        let stdout = try Pipe()
        let arguments = [options.python, options.script] + options.modules
        // Each forked process would look its functions up anew (ld.so(8)).
        let environment = Self.environment.map { "\($0.key)=\($0.value)" } + ["LD_BIND_NOW=1"]
        let descriptors = [
            stdin.readEnd.number, stdout.writeEnd.number, STDERR_FILENO,
            control.theirs.number, requests.theirs.number,
        ]
        let pid = Self.spawn(arguments, environment, descriptors, rules)
        try check(pid, "start \(options.python)")
        name = "the warm interpreter"
        self.pid = pid
        self.control = control.ours
        self.requests = requests.ours
    }

    /// Starts the launcher, a copy of the agent; ``prepare(as:)`` comes next.
    init(launchingIn directory: String, _ rules: borrowing WriteRules) throws(SystemError) {
        let control = try SocketPair()
        let requests = try SocketPair()
        let pid = unsafe sandbox_start_launcher(
            control.theirs.number,
            requests.theirs.number,
            directory,
            rules.descriptor.number
        )
        try check(pid, "start the launcher")
        name = "the launcher"
        self.pid = pid
        self.control = control.ours
        self.requests = requests.ours
    }

    /// The process itself, and the one that waits if there is one.
    var processes: [pid_t] {
        if case .process(let waiting) = waiting { return [pid, waiting] }
        return [pid]
    }

    /// Whether a process is asked for, or waits.
    var isPrepared: Bool {
        if case .nothing = waiting { return false }
        return true
    }

    /// Asks for the next process, under a user that this sandbox has never had.
    func prepare(as user: uid_t) throws(UncleanSandbox) {
        self.user = user
        do {
            try control.writeAll(Array(String(user).utf8)[...])
        } catch {
            throw UncleanSandbox(what: "\(name) has ended")
        }
        waiting = .asked
    }

    /// Returns the pid of the process that waits.
    ///
    /// It is there within a millisecond of ``prepare(as:)``; the first one when all is imported.
    @discardableResult
    func awaitProcess(milliseconds: CInt = 5_000) throws(UncleanSandbox) -> pid_t {
        if case .process(let pid) = waiting { return pid }
        var watched = pollfd(fd: control.number, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&watched, 1, milliseconds) == 1,
            case .bytes(let answer) = control.read(upTo: 16),
            let pid = pid_t(String(decoding: answer, as: UTF8.self)), pid > 0
        else { throw UncleanSandbox(what: "\(name) does not fork") }
        waiting = .process(pid)
        return pid
    }

    /// Hands what it is to become, and its three standard streams, to the process that waits.
    func hand(over launch: borrowing Launch, _ streams: [CInt]) throws(SystemError) {
        let cpuSeconds = launch.limits.cpuNanoseconds / 1_000_000_000 + 2
        let numbers = [
            UInt64(launch.limits.processes), cpuSeconds, launch.limits.stackBytes,
            launch.passesExecutable ? 1 : 0, UInt64(launch.arguments.count - 1),
        ]
        let fields = numbers.map(String.init) + launch.arguments + launch.environment
        guard !fields.contains(where: { $0.utf8.contains(0) }) else {
            throw SystemError("an argument or variable contains NUL", code: EINVAL)
        }
        let message = Array(fields.joined(separator: "\0").utf8)
        guard message.count <= FrameLimits.arguments else {
            throw SystemError("hand the program over", code: E2BIG)
        }
        let descriptors = streams + (launch.executable.isOpen ? [launch.executable.number] : [])
        let result = unsafe sandbox_send_descriptors(
            requests.number,
            message,
            message.count,
            descriptors,
            CInt(descriptors.count)
        )
        try check(result, "hand the program over")
        waiting = .nothing
    }

    /// Checks that the process took its program: else the next one would, too.
    func checkNothingUnreceived() throws(UncleanSandbox) {
        guard sandbox_count_unreceived(requests.number) == 0 else {
            throw UncleanSandbox(what: "a program was not received")
        }
    }

    private static func spawn(
        _ arguments: [String],
        _ environment: [String],
        _ descriptors: [CInt],
        _ rules: borrowing WriteRules
    ) -> pid_t {
        var argv = unsafe arguments.map { unsafe strdup($0) }
        var envp = unsafe environment.map { unsafe strdup($0) }
        defer {
            for index in unsafe argv.indices { unsafe free(argv[index]) }
            for index in unsafe envp.indices { unsafe free(envp[index]) }
        }
        unsafe argv.append(nil)
        unsafe envp.append(nil)
        return unsafe sandbox_spawn(
            argv,
            envp,
            descriptors,
            CInt(descriptors.count),
            rules.descriptor.number
        )
    }
}

/// Two sockets that keep messages apart.
private struct SocketPair: ~Copyable {
    let ours: Descriptor
    let theirs: Descriptor

    init() throws(SystemError) {
        var ends: [CInt] = [-1, -1]
        let kind = CInt(SOCK_SEQPACKET.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        try check(unsafe socketpair(AF_UNIX, kind, 0, &ends), "socketpair")
        ours = Descriptor(takingOwnershipOf: ends[0])
        theirs = Descriptor(takingOwnershipOf: ends[1])
    }
}
