internal import SandmillEntity
internal import SandmillService

/// How a sandbox's container is made (`POST /containers/create`).
///
/// Everything a program could use against its host or its neighbours is off, and what the agent
/// needs is named one by one.
struct ContainerSettings: Encodable, Equatable, Sendable {
    /// What the agent and the warm interpreter need beside the program's own limits.
    static let reservedMemory = ByteCount.mebibytes(32)
    static let reservedProcesses = 8

    /// The writable places, each a file system of its own in memory.
    private static let writablePlaces = ["/work", "/tmp", "/dev/shm"]

    private let image: String
    private let arguments: [String]
    private let labels: [String: String]
    private var host: HostSettings

    /// The container runtime that was asked for; nil for the engine's default.
    var runtime: String? { host.runtime }

    /// Describes the container of a sandbox.
    init(_ specification: SandboxSpecification, image: String, labels: [String: String]) {
        self.image = image
        arguments =
            specification.runtimes.flatMap(\.agentArguments)
            + ["--preload", specification.preload.joined(separator: ",")]
        self.labels = labels
        host = HostSettings(
            runtime: specification.containerRuntime,
            memory: MemorySettings(program: specification.memory),
            nanoCPUs: specification.cpus.map { Int64($0 * 1e9) },
            pidsLimit: specification.processes + Self.reservedProcesses,
            tmpfs: Dictionary(
                uniqueKeysWithValues: Self.writablePlaces.map { path in
                    let place = MemoryFileSystem(
                        mode: "1777",
                        capacity: specification.scratch,
                        files: specification.scratchFiles
                    )
                    return (path, place)
                }
            )
        )
    }

    /// The same for Podman, whose version of this API is another in places (seen with 4.3).
    ///
    /// It takes a seccomp profile as the path of a file that it can read.
    func forPodman(seccompProfile path: String) -> ContainerSettings {
        var settings = self
        settings.host.seccompProfile = path
        // It masks what it always does, and what it is told so.
        settings.host.maskedPaths = nil
        settings.host.podmanMask = HostSettings.maskedPaths.joined(separator: ":")
        // It takes no number of files: only the memory limit bounds how many there are.
        for path in host.tmpfs.keys { settings.host.tmpfs[path]?.files = nil }
        // It mounts file systems here that everybody can fill, unless others are named.
        for path in ["/run", "/var/tmp"] { settings.host.tmpfs[path] = .closed }
        // It asks for a million unless told, which it may lack the right to (CAP_SYS_RESOURCE).
        settings.host.ulimits["nproc"] = max(4_096, host.pidsLimit)
        return settings
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(image, forKey: "Image")
        try container.encode(arguments, forKey: "Cmd")
        try container.encode(labels, forKey: "Labels")
        try container.encode("sandbox", forKey: "Hostname")
        // One client at a time, and when it is gone the agent reads the end of its input.
        for name in ["OpenStdin", "StdinOnce", "AttachStdin", "AttachStdout", "AttachStderr"] {
            try container.encode(true, forKey: Key(name))
        }
        try container.encode(false, forKey: "Tty")
        try container.encode(true, forKey: "NetworkDisabled")
        // The agent, being process 1, does not notice the usual SIGTERM.
        try container.encode("SIGKILL", forKey: "StopSignal")
        try container.encode(host, forKey: "HostConfig")
    }
}

extension Runtime {
    /// What the agent has to make ready, and the files that must be there for it.
    fileprivate var agentArguments: [String] {
        let values = isWarm ? [name] : executables.map { "\(name)=\($0)" }
        return values.flatMap { ["--runtime", $0] }
    }
}

/// The memory limit of a container: no swap beside it.
struct MemorySettings: Encodable, Equatable, Sendable {
    private let bytes: Int64

    /// The limit of a container whose program may have so much.
    init(program: ByteCount) {
        bytes = (program + ContainerSettings.reservedMemory).bytes
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(bytes, forKey: "Memory")
        try container.encode(bytes, forKey: "MemorySwap")
    }

    /// The same as Podman's own API takes it, whose form is that of an OCI runtime.
    var forPodman: [String: [String: Int64]] {
        ["memory": ["limit": bytes, "swap": bytes]]
    }
}

private struct HostSettings: Encodable, Equatable, Sendable {
    /// To become a program's user, and to own, read and remove whatever a program left.
    static let capabilities = ["SETUID", "SETGID", "CHOWN", "DAC_OVERRIDE", "FOWNER"]

    static let sysctls = [
        // A closed connection that lingers would be something of a program that outlives it.
        "net.ipv4.tcp_max_tw_buckets": "0",
        // No more than the buffers of other sockets, which the agent reckons with where the kernel
        // does not count them towards the memory limit.
        "net.ipv4.tcp_rmem": "4096 131072 425984",
        "net.ipv4.tcp_wmem": "4096 16384 425984",
    ]

    /// What cannot be read: what engines mask by themselves, which is no longer so once any is named,
    /// and the boot parameters of the host.
    static let maskedPaths = [
        "/proc/acpi", "/proc/asound", "/proc/cmdline", "/proc/interrupts", "/proc/kcore",
        "/proc/keys",
        "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list",
        "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware",
    ]

    let runtime: String?
    let memory: MemorySettings
    let nanoCPUs: Int64?
    let pidsLimit: Int
    var tmpfs: [String: MemoryFileSystem]
    var seccompProfile = SeccompProfile.json
    var maskedPaths: [String]? = Self.maskedPaths
    /// The masked paths as Podman takes them, beside its own.
    var podmanMask: String?
    var ulimits = ["nofile": 1_024, "core": 0]

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encodeIfPresent(runtime, forKey: "Runtime")
        try memory.encode(to: encoder)
        try container.encodeIfPresent(nanoCPUs, forKey: "NanoCpus")
        try container.encode(pidsLimit, forKey: "PidsLimit")
        try container.encode(tmpfs.mapValues(\.options), forKey: "Tmpfs")
        // When the host runs out of memory, sandboxes go before the worker and its servers.
        try container.encode(500, forKey: "OomScoreAdj")
        // The agent must be process 1, whatever the engine does by default.
        try container.encode(false, forKey: "Init")
        try container.encode(true, forKey: "AutoRemove")
        // Otherwise every frame is written to a log on disk as well.
        try container.encode(["Type": "none"], forKey: "LogConfig")
        try container.encode("none", forKey: "NetworkMode")
        try container.encode(Self.sysctls, forKey: "Sysctls")
        try container.encode("private", forKey: "IpcMode")
        // The agent finds the sandbox's own figures at the root of what it sees.
        try container.encode("private", forKey: "CgroupnsMode")
        try container.encode(true, forKey: "ReadonlyRootfs")
        try container.encode(["ALL"], forKey: "CapDrop")
        try container.encode(Self.capabilities, forKey: "CapAdd")
        try container.encodeIfPresent(maskedPaths, forKey: "MaskedPaths")
        try container.encode(
            ["no-new-privileges", "seccomp=\(seccompProfile)"]
                + [podmanMask.map { "mask=\($0)" }].compactMap(\.self),
            forKey: "SecurityOpt"
        )
        try container.encode(
            ulimits.sorted(by: <).map { Ulimit(name: $0.key, value: $0.value) },
            forKey: "Ulimits"
        )
    }
}

/// A file system in memory.
private struct MemoryFileSystem: Equatable, Sendable {
    /// One that nobody can write to.
    static let closed = MemoryFileSystem(
        access: "ro,noexec,notmpcopyup",
        mode: "0555",
        capacity: .kibibytes(4)
    )

    // Engines add noexec unless told, and a compiled program is run from /work.
    var access = "rw,exec"
    let mode: String
    let capacity: ByteCount
    /// How many files it holds; nil for any number.
    var files: Int?

    /// The mount options, as engines take them.
    var options: String {
        let files = files.map { ",nr_inodes=\($0)" } ?? ""
        return "\(access),nosuid,nodev,size=\(capacity.bytes)\(files),mode=\(mode)"
    }
}

private struct Ulimit: Encodable {
    let name: String
    let value: Int

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: "Name")
        try container.encode(value, forKey: "Soft")
        try container.encode(value, forKey: "Hard")
    }
}

/// A key of the Engine API.
private struct Key: CodingKey, ExpressibleByStringLiteral {
    let stringValue: String
    let intValue: Int? = nil

    init(_ name: String) {
        stringValue = name
    }

    init(stringLiteral name: String) {
        stringValue = name
    }

    init(stringValue: String) {
        self.stringValue = stringValue
    }

    init?(intValue: Int) {
        nil
    }
}
