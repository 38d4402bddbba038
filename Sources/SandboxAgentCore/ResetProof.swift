internal import CSandboxAgent
internal import Glibc

/// Shows that a sandbox is as it was before the run: no process, file, mount, socket or IPC object is
/// there that was not there when the sandbox was new.
///
/// It takes nothing from the reset, nor from what the agent remembers of the run: it compares the
/// kernel's own counts and lists with those of the new sandbox. Timers, locks, mappings, inotify
/// watches and open files belong to processes and end with the last of them.
struct ResetProof: ~Copyable {
    /// How long the kernel may take to free what it frees after the fact, such as descriptors in
    /// flight between sockets that are closed, in nanoseconds.
    private static let patience: UInt64 = 500_000_000

    private let places: [WritablePlace]
    private let room: [WritablePlace.Capacity]
    private let mounts: Descriptor
    private var socketCount: UInt64
    private let lists: IPCLists

    /// Notes how the new sandbox is, whose zygotes are running; `places` are all directories that
    /// programs can write to.
    init(
        places: [WritablePlace],
        sockets: borrowing SocketTable
    ) throws(SystemError) {
        let mounts = try Descriptor(opening: "/proc/self/mountinfo", O_RDONLY)
        guard let count = sockets.count() else {
            throw SystemError("count the sockets", code: EINVAL)
        }
        let lists = try IPCLists()
        var room: [WritablePlace.Capacity] = []
        for place in places { room.append(try place.room(besides: Descriptor())) }
        self.lists = lists
        self.places = places
        self.room = room
        self.mounts = mounts
        socketCount = count
    }

    /// Checks that nothing is left but files, while `processes` are all the processes there may be.
    mutating func checkNoObjects(
        _ group: borrowing ControlGroup,
        _ sockets: borrowing SocketTable,
        processes: Int
    ) throws(UncleanSandbox) {
        // Such a file is exceptional when the mounts have changed since it was last asked
        // (proc(5), "/proc/mounts"), so it is asked once.
        var watched = pollfd(fd: mounts.number, events: Int16(POLLPRI), revents: 0)
        guard unsafe poll(&watched, 1, 0) == 0 else {
            throw UncleanSandbox(what: "the mounts have changed")
        }
        let deadline = MonotonicTime.now.advanced(by: Self.patience)
        while let what = objectsLeft(group, sockets, processes) {
            try wait(until: deadline, for: what)
        }
    }

    /// Checks that no file is left, neither one with a name nor one that something still holds.
    ///
    /// The program that is kept, if `kept` is open, has no name and takes its own room, no more.
    func checkNoFiles(
        besides kept: borrowing Descriptor = Descriptor()
    ) throws(UncleanSandbox) {
        let deadline = MonotonicTime.now.advanced(by: Self.patience)
        while let what = filesLeft(besides: kept) { try wait(until: deadline, for: what) }
    }

    /// Waits before another look, unless that is too late.
    private func wait(until deadline: MonotonicTime, for what: String) throws(UncleanSandbox) {
        guard .now < deadline else { throw UncleanSandbox(what: "\(what) is left") }
        usleep(1_000)
    }

    private mutating func objectsLeft(
        _ group: borrowing ControlGroup,
        _ sockets: borrowing SocketTable,
        _ processes: Int
    ) -> String? {
        if let count = group.processCount(), count != UInt64(processes) { return "a process" }
        if let kind = lists.kindLeft() { return "a System V \(kind)" }
        // One of the engine, which set the network up, may have been there still when this was noted.
        if let count = sockets.count() { socketCount = min(socketCount, count) }
        return sockets.count() == socketCount ? nil : "a socket"
    }

    private func filesLeft(besides kept: borrowing Descriptor) -> String? {
        for (place, room) in zip(places, room) {
            do throws(SystemError) {
                guard try place.isEmpty(), try place.room(besides: kept) == room else {
                    return "a file in \(place.path)"
                }
            } catch {
                return "\(error) in \(place.path), and what is there"
            }
        }
        return nil
    }
}

/// The kernel's lists of System V IPC objects (sysvipc(7)): a heading, and a line for each.
private struct IPCLists: ~Copyable {
    private let messageQueues: Descriptor
    private let semaphores: Descriptor
    private let sharedMemory: Descriptor

    init() throws(SystemError) {
        let messageQueues = try Descriptor(opening: "/proc/sysvipc/msg", O_RDONLY)
        let semaphores = try Descriptor(opening: "/proc/sysvipc/sem", O_RDONLY)
        let sharedMemory = try Descriptor(opening: "/proc/sysvipc/shm", O_RDONLY)
        self.messageQueues = messageQueues
        self.semaphores = semaphores
        self.sharedMemory = sharedMemory
    }

    /// What there is one of; nil if there is nothing.
    func kindLeft() -> String? {
        if Self.hasObjects(messageQueues) { return "message queue" }
        if Self.hasObjects(semaphores) { return "semaphore set" }
        return Self.hasObjects(sharedMemory) ? "shared memory segment" : nil
    }

    private static func hasObjects(_ list: borrowing Descriptor) -> Bool {
        list.readStart().count { $0 == UInt8(ascii: "\n") } != 1
    }
}
