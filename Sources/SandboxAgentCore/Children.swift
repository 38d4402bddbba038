internal import CSandboxAgent
internal import Glibc

/// The children of the agent: it is PID 1, so every process that loses its parent becomes one.
struct Children: ~Copyable {
    /// Readable when a child has ended.
    let signal: Descriptor

    private let list: Descriptor

    /// A child that has ended.
    struct Ended {
        let pid: pid_t
        let status: CInt
        /// User and system time of it and of the children it waited for, in nanoseconds.
        let cpuNanoseconds: UInt64
        /// The most memory it or one of those children held, in bytes.
        let memoryPeakBytes: UInt64
    }

    /// Blocks SIGCHLD and watches for it instead.
    init() throws(SystemError) {
        let list = try Descriptor(opening: "/proc/thread-self/children", O_RDONLY)
        signal = try Descriptor(sandbox_open_child_signal(), "signalfd")
        self.list = list
    }

    /// Takes back the signal, so that the next one is seen; done before reaping.
    func clearSignal() {
        _ = signal.read(upTo: 2048)
    }

    /// Reaps one child that has ended, if any.
    func reap() -> Ended? {
        var status: CInt = 0
        var usage = rusage()
        let pid = unsafe wait4(-1, &status, WNOHANG, &usage)
        guard pid > 0 else { return nil }
        return Ended(
            pid: pid,
            status: status,
            cpuNanoseconds: usage.ru_utime.nanoseconds + usage.ru_stime.nanoseconds,
            memoryPeakBytes: UInt64(usage.ru_maxrss) << 10
        )
    }

    /// Waits until a child has ended.
    func wait(milliseconds: CInt) {
        var watched = pollfd(fd: signal.number, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&watched, 1, milliseconds)
        clearSignal()
    }

    /// Whether these are all the processes in the sandbox beside the agent.
    ///
    /// Every process descends from a child of the agent, and no child leaves the list before the
    /// agent reaps it. So a list of them alone proves that there is no other, whatever forks
    /// meanwhile.
    func areOnly(_ pids: [pid_t]) -> Bool {
        let listed = list.readStart().split(separator: UInt8(ascii: " "))
        return Set(listed) == Set(pids.map { Array("\($0)".utf8)[...] })
    }

    /// Kills every process of a user, all at once.
    func killAll(of user: uid_t) throws(UncleanSandbox) {
        guard sandbox_kill_user(user) == 0 else {
            throw UncleanSandbox(what: SystemError("kill").description)
        }
    }
}
