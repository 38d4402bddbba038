internal import Glibc

/// Measures the processor time that all processes of a program use together, while they run.
///
/// The control group's figure holds it all, even of processes that nobody waits for. Where there is
/// none, the figure is that of the first process and of those reaped.
struct CPUMeter {
    /// How many processors a program can use at once.
    static let processors = UInt64(max(sysconf(CInt(_SC_NPROCESSORS_ONLN)), 1))

    /// The group's figure counts the agent's own work, which is taken off, a little differently than
    /// the agent's clock does.
    private static let tolerance: UInt64 = 5_000_000

    private let main: pid_t
    private let groupStart: UInt64?
    private let agentStart: UInt64

    /// Starts to measure; `main` is the program's first process.
    init(_ group: borrowing ControlGroup, main: pid_t) {
        self.main = main
        groupStart = group.cpuUsage()
        agentStart = Self.time(of: CLOCK_PROCESS_CPUTIME_ID)
    }

    /// The processor time so far, in nanoseconds; `reaped` is that of the processes reaped.
    func soFar(_ group: borrowing ControlGroup, reaped: UInt64) -> UInt64 {
        max(inGroup(group) ?? 0, reaped + Self.time(of: Self.clock(of: main)))
    }

    /// The processor time of a program of which no process is left, in nanoseconds: what wait4(2)
    /// said, unless the group's figure shows that there was more.
    func total(_ group: borrowing ControlGroup, reaped: UInt64) -> UInt64 {
        guard let inGroup = inGroup(group), inGroup > reaped + Self.tolerance else { return reaped }
        return inGroup
    }

    private func inGroup(_ group: borrowing ControlGroup) -> UInt64? {
        guard let groupStart, let groupNow = group.cpuUsage() else { return nil }
        let agent = Self.time(of: CLOCK_PROCESS_CPUTIME_ID) - agentStart
        return groupNow > groupStart + agent ? groupNow - groupStart - agent : 0
    }

    /// The clock of another process, as clock_getcpuclockid(3) makes it.
    private static func clock(of pid: pid_t) -> clockid_t {
        ~pid << 3 | 2
    }

    /// What a clock shows; 0 if it is that of a process that is gone.
    private static func time(of clock: clockid_t) -> UInt64 {
        var time = timespec()
        return unsafe clock_gettime(clock, &time) == 0 ? time.nanoseconds : 0
    }
}
