internal import Curl
internal import FoundationEssentials
public import Logging
public import SandmillService

/// Makes sandboxes with Docker's Engine API, or Podman's compatible one.
public struct DockerSandboxEngine: SandboxEngine {
    /// The files of a TLS connection to an engine.
    public struct TLS: Sendable {
        /// The authorities to trust; nil for the system's.
        public var authorities: String?
        /// Our certificate.
        public var certificate: String?
        /// Its key.
        public var key: String?

        /// Names the files.
        public init(authorities: String?, certificate: String?, key: String?) {
            self.authorities = authorities
            self.certificate = certificate
            self.key = key
        }
    }

    private static let workerLabel = "dev.sandmill.worker"
    private static let removalsAtOnce = 8

    private let engine: DockerEngine
    /// Whether it is on this machine.
    private let isLocal: Bool
    private let cluster: String
    private let worker: String
    private let logger: Logger

    /// Describes an engine; it is connected to when it is needed.
    ///
    /// - Parameters:
    ///   - url: `unix://` or `tcp://`.
    ///   - tls: For `tcp://` with TLS.
    ///   - cluster: The installation; with `worker` it labels our containers.
    ///   - worker: Who makes the sandboxes.
    ///   - logger: Told what agents say.
    /// - Throws: ``SandboxError/Code/engineRefused`` when the URL cannot be understood.
    public init(
        url: String,
        tls: TLS?,
        cluster: String,
        worker: String,
        logger: Logger
    ) throws(SandboxError) {
        engine = try DockerEngine(
            url: url,
            tls: tls.map {
                ClientConfiguration.TLS(
                    authorities: $0.authorities,
                    certificate: $0.certificate,
                    key: $0.key
                )
            }
        )
        isLocal = url.hasPrefix("unix://")
        self.cluster = cluster
        self.worker = worker
        self.logger = logger
    }

    /// What an operator should know about this engine, and of its host as far as that can be seen.
    public func warnings() async throws(SandboxError) -> [String] {
        EngineAdvisories.warnings(for: try await engine.version())
            + EngineAdvisories.warnings(for: try await engine.information())
            + EngineAdvisories.warnings(forCorePattern: isLocal ? Self.corePattern : nil)
    }

    private static var corePattern: String? {
        FileManager.default.contents(atPath: "/proc/sys/kernel/core_pattern")
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// Asks the engine for its version.
    public func checkAvailable() async throws(SandboxError) {
        _ = try await engine.version()
    }

    /// Makes a sandbox and returns when its runtime is warm.
    public func start(
        _ specification: SandboxSpecification
    ) async throws(SandboxError) -> any Sandbox {
        guard let image = try await engine.imageID(of: specification.image) else {
            throw SandboxError(
                .engineRefused,
                "the engine has no image \"\(specification.image)\""
            )
        }
        let labels = [
            Self.workerLabel: "\(cluster)/\(worker)", "dev.sandmill.pool": specification.pool,
        ]
        let container = try await engine.create(
            ContainerSettings(specification, image: image, labels: labels)
        )
        do throws(SandboxError) {
            // Attached before the start: the agent's first report must not be missed.
            let sandbox = DockerSandbox(
                id: container,
                image: image,
                memory: specification.memory,
                engine: engine,
                stream: try await engine.attach(to: container),
                logger: logger
            )
            try await engine.start(container)
            try await sandbox.waitUntilReady()
            return sandbox
        } catch {
            await engine.discard(container)
            throw error
        }
    }

    /// Removes the containers that a worker which is no more has left on this engine.
    ///
    /// Most end by themselves with its streams; one that was made and not yet started does not. One that
    /// cannot be removed keeps none of the others.
    public func removeOrphans(of worker: String) async throws(SandboxError) {
        let label = "\(Self.workerLabel)=\(cluster)/\(worker)"
        let containers = try await engine.containers(labelled: label)
        let failures = await withTaskGroup(of: SandboxError?.self) { group in
            var failures: [SandboxError] = []
            for (index, container) in containers.enumerated() {
                if index >= Self.removalsAtOnce, let failure = await group.next() ?? nil {
                    failures.append(failure)
                }
                group.addTask { await self.failure(removing: container) }
            }
            for await failure in group { failures += [failure].compactMap(\.self) }
            return failures
        }
        if let failure = failures.first { throw failure }
    }

    private func failure(removing container: String) async -> SandboxError? {
        do throws(SandboxError) {
            try await engine.remove(container)
            return nil
        } catch {
            return error
        }
    }
}
