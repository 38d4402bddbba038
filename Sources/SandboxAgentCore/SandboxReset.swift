internal import Glibc

/// Takes a sandbox back to how it was before a run, and proves it.
///
/// It works when no process of the program is left, so that what was found empty stays empty.
struct SandboxReset: ~Copyable {
    private let workingDirectory: WritablePlace
    private let scratchPlaces: [WritablePlace]
    private let messageQueues: Descriptor
    private let semaphores: Descriptor
    private let sharedMemory: Descriptor
    private let sockets: Descriptor

    /// Opens what is looked at after each run; `scratchPlaces` are all directories beside the working
    /// directory that programs can write to.
    init(
        workingDirectory: WritablePlace,
        scratchPlaces: [WritablePlace]
    ) throws(SystemError) {
        let messageQueues = try Descriptor(opening: "/proc/sysvipc/msg", O_RDONLY)
        let semaphores = try Descriptor(opening: "/proc/sysvipc/sem", O_RDONLY)
        let sharedMemory = try Descriptor(opening: "/proc/sysvipc/shm", O_RDONLY)
        let sockets = try Descriptor(opening: "/proc/thread-self/net/sockstat", O_RDONLY)
        self.workingDirectory = workingDirectory
        self.scratchPlaces = scratchPlaces
        self.messageQueues = messageQueues
        self.semaphores = semaphores
        self.sharedMemory = sharedMemory
        self.sockets = sockets
    }

    /// Empties all but the working directory.
    ///
    /// It comes before the output is collected: what a program has put there counts towards the
    /// memory limit, of which the agent needs a little.
    func emptyScratchPlaces() throws(UncleanSandbox) {
        for place in scratchPlaces { try place.empty() }
    }

    /// Empties the working directory.
    func emptyWorkingDirectory() throws(UncleanSandbox) {
        try workingDirectory.empty()
    }

    /// Checks that there is no object that outlives the processes that made it.
    func checkNoObjects() throws(UncleanSandbox) {
        try checkNoObjects(in: messageQueues, "message queue")
        try checkNoObjects(in: semaphores, "semaphore")
        try checkNoObjects(in: sharedMemory, "shared memory segment")
        try checkNoConnections()
    }

    /// A list of System V IPC objects is a heading and a line for each.
    private func checkNoObjects(
        in list: borrowing Descriptor,
        _ kind: String
    ) throws(UncleanSandbox) {
        guard list.readStart().count(where: { $0 == UInt8(ascii: "\n") }) == 1 else {
            throw UncleanSandbox(what: "a System V \(kind) is left")
        }
    }

    /// A closed connection keeps its port busy for a minute (TIME_WAIT), unless the sandbox has
    /// `net.ipv4.tcp_max_tw_buckets` at 0.
    private func checkNoConnections() throws(UncleanSandbox) {
        // TCP: inuse 0 orphan 0 tw 0 alloc 215 mem 375
        let text = sockets.readStart()
        guard text.number(word: 2, after: "TCP:") == 0, text.number(word: 6, after: "TCP:") == 0
        else {
            throw UncleanSandbox(what: "a TCP connection is left")
        }
    }
}
