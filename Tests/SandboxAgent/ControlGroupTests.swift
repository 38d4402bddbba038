import Testing

@testable import SandboxAgentCore

/// The files are as kernels write them: version 1 of Linux 6.1, version 2 of 5.10 and 6.1.
struct ControlGroupTests {
    private static let events = "low 0\nhigh 0\nmax 73\noom 2\noom_kill 2\noom_group_kill 0\n"
    private static let statistics = "usage_usec 1204567\nuser_usec 1004567\nsystem_usec 200000\n"

    /// Calls `body` with the group that these files, by their paths, make.
    private func withGroup(
        _ files: [String: String],
        _ body: (borrowing ControlGroup) -> Void
    ) throws {
        let directory = try TemporaryDirectory()
        for controller in ["memory", "cpuacct", "cpu,cpuacct"] {
            try directory.makeDirectory(controller)
        }
        for (path, text) in files { try directory.write(path, text) }
        body(ControlGroup(root: directory.path))
    }

    @Test func versionOneIsRead() throws {
        try withGroup([
            "memory/memory.max_usage_in_bytes": "100663296\n",
            "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
            "cpuacct/cpuacct.usage": "1371863565813\n",
        ]) { group in
            let memory = group.memory()
            #expect(memory.peakBytes == 100_663_296)
            #expect(memory.oomKills == 3)
            #expect(group.cpuUsage() == 1_371_863_565_813)
        }
    }

    @Test func processorsMayShareAHierarchyInVersionOne() throws {
        try withGroup(["cpu,cpuacct/cpuacct.usage": "17\n"]) { group in
            #expect(group.cpuUsage() == 17)
        }
    }

    @Test func versionTwoIsRead() throws {
        try withGroup([
            "memory.peak": "100663296\n", "memory.events": Self.events, "cpu.stat": Self.statistics,
        ]) { group in
            let memory = group.memory()
            #expect(memory.peakBytes == 100_663_296)
            #expect(memory.oomKills == 2)
            #expect(group.cpuUsage() == 1_204_567_000)
        }
    }

    @Test func versionTwoBeforeLinux519TellsNoPeak() throws {
        try withGroup(["memory.events": Self.events, "cpu.stat": Self.statistics]) { group in
            let memory = group.memory()
            #expect(memory.peakBytes == 0)
            #expect(memory.oomKills == 2)
        }
    }

    @Test(arguments: [
        // Processes and a tmpfs hold 90 MB.
        ("95000000", "100000000", true), ("100000000", "100000000", true),
        ("94000000", "94999999", false), ("100000000", "max", true),
    ])
    func roomIsWhatNeitherProcessesNorFilesHold(
        usage: String,
        limit: String,
        hasRoom: Bool
    ) throws {
        try withGroup([
            "memory/memory.usage_in_bytes": usage, "memory/memory.limit_in_bytes": limit,
            "memory/memory.stat": "cache 85000000\nrss 10000000\nrss_huge 0\nshmem 80000000\n",
        ]) { #expect($0.hasRoom(for: 5_000_000) == hasRoom) }
        try withGroup([
            "memory.current": usage, "memory.max": limit,
            "memory.stat": "anon 10000000\nfile 85000000\nshmem 80000000\n",
        ]) { #expect($0.hasRoom(for: 5_000_000) == hasRoom) }
    }

    @Test func figuresAreReadAnewEachTime() throws {
        let directory = try TemporaryDirectory()
        try directory.write("cpu.stat", "usage_usec 1\n")
        let group = ControlGroup(root: directory.path)
        #expect(group.cpuUsage() == 1_000)
        try directory.write("cpu.stat", "usage_usec 20\n")
        #expect(group.cpuUsage() == 20_000)
    }

    @Test func missingFilesAreNoFigures() throws {
        try withGroup([:]) { group in
            let memory = group.memory()
            #expect(memory.peakBytes == 0)
            #expect(memory.oomKills == 0)
            #expect(group.cpuUsage() == nil)
        }
    }

    @Test func peakOfTheSandboxIsTheProgramsIfItMovedOrIsTheLimit() {
        let before = ControlGroup.Memory(peakBytes: 100, oomKills: 1)
        let moved = ControlGroup.Memory(peakBytes: 120, oomKills: 1)
        let killed = ControlGroup.Memory(peakBytes: 100, oomKills: 2)
        #expect(moved.peak(since: before, resident: 50) == 120)
        #expect(killed.peak(since: before, resident: 50) == 100)
        #expect(before.peak(since: before, resident: 50) == 50)
    }

    @Test func peakThatTheKernelDoesNotTellIsThatOfTheProcesses() {
        let before = ControlGroup.Memory(peakBytes: 0, oomKills: 0)
        let killed = ControlGroup.Memory(peakBytes: 0, oomKills: 1)
        #expect(killed.peak(since: before, resident: 50) == 50)
        #expect(killed.oomKills(since: before) == 1)
    }
}
