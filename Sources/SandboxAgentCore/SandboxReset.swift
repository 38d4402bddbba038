internal import Glibc

/// Takes a sandbox back to how it was before a run, and proves it.
struct SandboxReset: ~Copyable {
    private let places: [WritablePlace]
    private let messageQueues: Descriptor
    private let semaphores: Descriptor
    private let sharedMemory: Descriptor

    /// Opens what is looked at after each run; `places` are all that programs can write to.
    init(places: [WritablePlace]) throws(SystemError) {
        let messageQueues = try Descriptor(opening: "/proc/sysvipc/msg", O_RDONLY)
        let semaphores = try Descriptor(opening: "/proc/sysvipc/sem", O_RDONLY)
        let sharedMemory = try Descriptor(opening: "/proc/sysvipc/shm", O_RDONLY)
        self.places = places
        self.messageQueues = messageQueues
        self.semaphores = semaphores
        self.sharedMemory = sharedMemory
    }

    /// Empties every place and checks the rest.
    func perform() throws(UncleanSandbox) {
        for place in places { try place.empty() }
        try checkNoObjects(in: messageQueues, "message queue")
        try checkNoObjects(in: semaphores, "semaphore")
        try checkNoObjects(in: sharedMemory, "shared memory segment")
    }

    /// A list of System V IPC objects is a heading and a line for each.
    private func checkNoObjects(
        in list: borrowing Descriptor,
        _ kind: String
    ) throws(UncleanSandbox) {
        guard let text = list.readText(), text.utf8.count(where: { $0 == UInt8(ascii: "\n") }) == 1
        else { throw UncleanSandbox(what: "a System V \(kind) is left") }
    }
}
