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
    private let host: HostSettings

    /// Describes the container of a sandbox.
    init(_ specification: SandboxSpecification, image: String, labels: [String: String]) {
        self.image = image
        arguments =
            specification.runtimes.flatMap { ["--runtime", $0.agentArgument] }
            + ["--preload", specification.preload.joined(separator: ",")]
        self.labels = labels
        // Engines add noexec unless told, and a compiled program is run from /work.
        let options =
            "rw,exec,nosuid,nodev,size=\(specification.scratch.bytes),"
            + "nr_inodes=\(specification.scratchFiles),mode=1777"
        host = HostSettings(
            runtime: specification.containerRuntime,
            memory: MemorySettings(program: specification.memory),
            nanoCPUs: specification.cpus.map { Int64($0 * 1e9) },
            pidsLimit: specification.processes + Self.reservedProcesses,
            tmpfs: Dictionary(uniqueKeysWithValues: Self.writablePlaces.map { ($0, options) })
        )
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
    /// What the agent has to make ready, and the file that must be there for it.
    fileprivate var agentArgument: String {
        executable.map { "\(name)=\($0)" } ?? name
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
}

private struct HostSettings: Encodable, Equatable, Sendable {
    /// To become a program's user, and to own, read and remove whatever a program left.
    static let capabilities = ["SETUID", "SETGID", "CHOWN", "DAC_OVERRIDE", "FOWNER"]

    let runtime: String?
    let memory: MemorySettings
    let nanoCPUs: Int64?
    let pidsLimit: Int
    let tmpfs: [String: String]

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encodeIfPresent(runtime, forKey: "Runtime")
        try memory.encode(to: encoder)
        try container.encodeIfPresent(nanoCPUs, forKey: "NanoCpus")
        try container.encode(pidsLimit, forKey: "PidsLimit")
        try container.encode(tmpfs, forKey: "Tmpfs")
        // When the host runs out of memory, sandboxes go before the worker and its servers.
        try container.encode(500, forKey: "OomScoreAdj")
        // The agent must be process 1, whatever the engine does by default.
        try container.encode(false, forKey: "Init")
        try container.encode(true, forKey: "AutoRemove")
        // Otherwise every frame is written to a log on disk as well.
        try container.encode(["Type": "none"], forKey: "LogConfig")
        try container.encode("none", forKey: "NetworkMode")
        // A closed connection that lingers would be something of a program that outlives it.
        try container.encode(["net.ipv4.tcp_max_tw_buckets": "0"], forKey: "Sysctls")
        try container.encode("private", forKey: "IpcMode")
        try container.encode(true, forKey: "ReadonlyRootfs")
        try container.encode(["ALL"], forKey: "CapDrop")
        try container.encode(Self.capabilities, forKey: "CapAdd")
        try container.encode(
            ["no-new-privileges", "seccomp=\(SeccompProfile.json)"],
            forKey: "SecurityOpt"
        )
        try container.encode(
            [
                Ulimit(name: "nofile", value: 1_024), Ulimit(name: "core", value: 0),
            ],
            forKey: "Ulimits"
        )
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
