internal import Glibc

/// The figures of the sandbox's own control group, as the engine mounts it (cgroups(7)).
///
/// Version 1 has a folder for each controller, version 2 a single one. A figure that the kernel
/// does not offer is nil: callers fall back on what wait4(2) tells.
struct ControlGroup: ~Copyable {
    private let memoryPeak: Descriptor
    private let memoryEvents: Descriptor
    private let cpuUsageV1: Descriptor
    private let cpuUsageV2: Descriptor
    private let processes: Descriptor
    private let memoryLimit: Descriptor
    private let memoryLimitV1: Descriptor
    private let memoryUsage: Descriptor
    private let memoryStatistics: Descriptor

    /// Opens those of its files that are there; `root` is where the engine mounts it.
    init(root: String = "/sys/fs/cgroup") {
        func open(_ paths: String...) -> Descriptor {
            for path in paths {
                if let file = try? Descriptor(opening: "\(root)/\(path)", O_RDONLY) {
                    return file
                }
            }
            return Descriptor()
        }
        memoryPeak = open("memory/memory.max_usage_in_bytes", "memory.peak")
        memoryEvents = open("memory/memory.oom_control", "memory.events")
        cpuUsageV1 = open("cpuacct/cpuacct.usage", "cpu,cpuacct/cpuacct.usage")
        cpuUsageV2 = open("cpu.stat")
        processes = open("pids/pids.current", "pids.current")
        memoryLimitV1 = open("memory/memory.limit_in_bytes")
        memoryLimit = open("memory/memory.limit_in_bytes", "memory.max")
        memoryUsage = open("memory/memory.usage_in_bytes", "memory.current")
        memoryStatistics = open("memory/memory.stat", "memory.stat")
    }

    /// What the kernel has counted since the sandbox began.
    struct Memory {
        /// The most bytes it held at once; 0 where the kernel does not tell, as with version 2
        /// before Linux 5.19.
        let peakBytes: UInt64
        /// How many of its processes the OOM killer has ended.
        let oomKills: UInt32

        /// How many of its processes the OOM killer has ended since `before`.
        func oomKills(since before: Memory) -> UInt32 {
            oomKills - min(oomKills, before.oomKills)
        }

        /// The most bytes of a program that has run since `before`, whose processes had `resident`
        /// bytes at most.
        ///
        /// The sandbox's peak is the program's if it has moved, or could not since it is the limit.
        func peak(since before: Memory, resident: UInt64) -> UInt64 {
            let isOfProgram = peakBytes > before.peakBytes || oomKills(since: before) > 0
            return isOfProgram && peakBytes > 0 ? peakBytes : resident
        }
    }

    /// The figures of memory as they are now.
    func memory() -> Memory {
        Memory(
            peakBytes: memoryPeak.readStart().number() ?? 0,
            oomKills: oomKills()
        )
    }

    /// How many of its processes the OOM killer has ended.
    func oomKills() -> UInt32 {
        UInt32(clamping: memoryEvents.readStart().number(after: "oom_kill") ?? 0)
    }

    /// Whether so many bytes can be had without the OOM killer; true where the kernel does not tell.
    ///
    /// What is cached of files on disks makes way, and the page tables of what has ended will. What
    /// processes hold does not, nor what is in a `tmpfs`.
    func hasRoom(for bytes: UInt64) -> Bool {
        guard let limit = memoryLimit.readStart().number(),
            let usage = memoryUsage.readStart().number(), usage + bytes > limit
        else { return true }
        let statistics = memoryStatistics.readStart()
        let held = statistics.number(after: "rss") ?? statistics.number(after: "anon") ?? usage
        let files = statistics.number(after: "shmem") ?? 0
        return held + files + bytes <= limit
    }

    /// The memory limit, if what waits in sockets does not count towards it, as with version 1.
    func memoryLimitWithoutSockets() -> UInt64? {
        memoryLimitV1.readStart().number()
    }

    /// How many processes and threads there are, the agent among them.
    func processCount() -> UInt64? {
        processes.readStart().number()
    }

    /// The processor time of everything that ever ran in the sandbox, in nanoseconds.
    func cpuUsage() -> UInt64? {
        if cpuUsageV1.isOpen { return cpuUsageV1.readStart().number() }
        return cpuUsageV2.readStart().number(after: "usage_usec").map { $0 * 1_000 }
    }
}
