internal import Curl
internal import FoundationEssentials
internal import SandmillService

/// The part of Docker's Engine API that sandboxes need, as Podman offers it too.
///
/// Written for version 1.41 (Docker 20.10); with an engine that no longer speaks it, the oldest it
/// does speak is used.
actor DockerEngine {
    /// The version of the API this was written for.
    private static let apiVersion = "1.41"

    private let client: Client
    private let origin: String
    private var knownVersion: EngineVersion?

    /// Describes an engine; it is connected to when it is needed.
    ///
    /// - Throws: ``SandboxError/Code/engineRefused`` when the URL cannot be understood.
    init(url: String, tls: ClientConfiguration.TLS?) throws(SandboxError) {
        if url.hasPrefix("unix://") {
            client = Client(ClientConfiguration(unixSocket: String(url.dropFirst(7))))
            origin = "http://engine"
        } else if url.hasPrefix("tcp://") {
            client = Client(ClientConfiguration(tls: tls ?? ClientConfiguration.TLS()))
            origin = "\(tls == nil ? "http" : "https")://\(url.dropFirst(6))"
        } else {
            throw SandboxError(.engineRefused, "engine.url begins with neither unix:// nor tcp://")
        }
    }

    /// What the engine says of itself.
    func version() async throws(SandboxError) -> EngineVersion {
        try decode(try await send(.get, "\(origin)/version"))
    }

    /// How it is set up.
    func information() async throws(SandboxError) -> EngineInformation {
        try decode(try await send(.get, "\(try await path())/info"))
    }

    /// The id of an image; nil when the engine has none of that name.
    func imageID(of name: String) async throws(SandboxError) -> String? {
        let url = "\(try await path())/images/\(percentEncoded(Array(name.utf8)))/json"
        let response = try await send(.get, url)
        if response.status == 404 { return nil }
        let image: Image = try decode(response)
        return image.id
    }

    /// Makes a container and returns its id, even to a task that was cancelled.
    ///
    /// It has a name, by which it is removed when the engine may have made it and nobody has its id.
    func create(_ settings: ContainerSettings) async throws(SandboxError) -> String {
        let name = "sandmill-\(UUID().uuidString.lowercased())"
        let url = "\(try await path())/containers/create?name=\(name)"
        do throws(SandboxError) {
            return try await create(settings, at: url)
        } catch {
            if error.code == .engineUnavailable { await discard(name) }
            throw error
        }
    }

    private func create(
        _ settings: ContainerSettings,
        at url: String
    ) async throws(SandboxError) -> String {
        let version = try await rememberedVersion()
        guard version.podman != nil else { return try await request(settings, at: url) }
        if let runtime = settings.runtime, !version.runsContainers(by: runtime) {
            throw SandboxError(
                .engineRefused,
                "Podman runs containers by one runtime, which is not \(runtime); see its --runtime"
            )
        }
        let profile = try SeccompProfileFile()
        defer { profile.remove() }
        return try await request(settings.forPodman(seccompProfile: profile.path), at: url)
    }

    private func request(
        _ settings: ContainerSettings,
        at url: String
    ) async throws(SandboxError) -> String {
        // A cancelled task's requests are aborted, and then nobody would know the container's id.
        let creation = Task { () -> Result<HTTPResponse, SandboxError> in
            do throws(SandboxError) {
                return .success(try await self.send(.post, url, settings))
            } catch {
                return .failure(error)
            }
        }
        let container: Container = try decode(try await creation.value.get())
        return container.id
    }

    /// Attaches to a container's three streams.
    func attach(to container: String) async throws(SandboxError) -> UpgradedStream {
        let query = "stream=1&stdin=1&stdout=1&stderr=1"
        let url = "\(try await path())/containers/\(container)/attach?\(query)"
        let request = HTTPRequest(.post, url, timeout: .seconds(30))
        switch try await engineCall({ client throws(CurlError) in
            try await client.upgrade(request)
        }) {
        case .upgraded(let stream): return stream
        case .refused(let response): throw refusal(response)
        }
    }

    /// Starts a container.
    func start(_ container: String) async throws(SandboxError) {
        try check(try await send(.post, "\(try await path())/containers/\(container)/start"))
    }

    /// Changes a container's limits.
    func update(_ container: String, _ limits: MemorySettings) async throws(SandboxError) {
        if let podman = try await rememberedVersion().podman {
            // Docker's call is missing before Podman 5.1.
            let url = "\(origin)/v\(podman)/libpod/containers/\(container)/update"
            return try check(try await send(.post, url, limits.forPodman))
        }
        let url = "\(try await path())/containers/\(container)/update"
        try check(try await send(.post, url, limits))
    }

    /// Removes a container that is of no use any more, even for a task that was cancelled.
    ///
    /// When the engine cannot be reached, the end of the attached stream ends the container.
    func discard(_ container: String) async {
        // A cancelled task's requests are aborted, so this one is made by a task of its own.
        await Task { try? await self.remove(container) }.value
    }

    /// Kills and removes a container, unless that was done already.
    func remove(_ container: String) async throws(SandboxError) {
        let url = "\(try await path())/containers/\(container)"
        let removal = HTTPRequest(.delete, "\(url)?force=1&v=1")
        var response = try await perform(removal)
        if response.status == 409 || response.status >= 500 {
            // The container is ending by itself, which removes it; Podman calls that a failure.
            let end = HTTPRequest(.post, "\(url)/wait?condition=removed", timeout: .seconds(5))
            _ = try? await perform(end)
            response = try await perform(removal)
        }
        if response.status != 404, response.status != 409 { try check(response) }
    }

    /// The ids of the containers with a label, running or not.
    func containers(labelled label: String) async throws(SandboxError) -> [String] {
        let filters = percentEncoded(encode(["label": [label]]))
        let url = "\(try await path())/containers/json?all=1&filters=\(filters)"
        let containers: [Container] = try decode(try await send(.get, url))
        return containers.map(\.id)
    }

    private func path() async throws(SandboxError) -> String {
        "\(origin)/v\(try await rememberedVersion().bestAPI(Self.apiVersion))"
    }

    private func rememberedVersion() async throws(SandboxError) -> EngineVersion {
        if let knownVersion { return knownVersion }
        let version = try await version()
        knownVersion = version
        return version
    }

    private func send(
        _ method: HTTPRequest.Method,
        _ url: String
    ) async throws(SandboxError) -> HTTPResponse {
        try await perform(HTTPRequest(method, url))
    }

    private func send(
        _ method: HTTPRequest.Method,
        _ url: String,
        _ body: some Encodable
    ) async throws(SandboxError) -> HTTPResponse {
        try await perform(
            HTTPRequest(
                method,
                url,
                headers: ["Content-Type": "application/json"],
                body: encode(body)
            )
        )
    }

    private func perform(_ request: HTTPRequest) async throws(SandboxError) -> HTTPResponse {
        try await engineCall { client throws(CurlError) in
            try await client.perform(request)
        }
    }

    private func engineCall<Result>(
        _ body: (Client) async throws(CurlError) -> Result
    ) async throws(SandboxError) -> Result {
        do throws(CurlError) {
            return try await body(client)
        } catch {
            let mayPass = error.isRetryable || error.code == .cancelled
            throw SandboxError(
                mayPass ? .engineUnavailable : .engineRefused,
                "the container engine cannot be reached: \(error.summary)"
            )
        }
    }

    /// Every byte as its number (RFC 3986, section 2.1).
    private func percentEncoded(_ bytes: [UInt8]) -> String {
        bytes.map { "%" + ($0 < 0x10 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private func encode(_ value: some Encodable) -> [UInt8] {
        do {
            return Array(try JSONEncoder().encode(value))
        } catch {
            preconditionFailure("a request of ours has no JSON form: \(error)")
        }
    }

    private func decode<Value: Decodable>(
        _ response: HTTPResponse
    ) throws(SandboxError) -> Value {
        try check(response)
        guard let value = try? JSONDecoder().decode(Value.self, from: Data(response.body)) else {
            throw SandboxError(.engineUnavailable, "the container engine answers nonsense")
        }
        return value
    }

    private func check(_ response: HTTPResponse) throws(SandboxError) {
        guard (200..<400).contains(response.status) else { throw refusal(response) }
    }

    private func refusal(_ response: HTTPResponse) -> SandboxError {
        let problem = try? JSONDecoder().decode(Problem.self, from: Data(response.body))
        let message = problem?.message ?? "status \(response.status)"
        let code: SandboxError.Code = response.status >= 500 ? .engineUnavailable : .engineRefused
        return SandboxError(code, "the container engine refuses: \(message)")
    }

    private struct Image: Decodable {
        let id: String

        private enum CodingKeys: String, CodingKey {
            case id = "Id"
        }
    }

    private struct Container: Decodable {
        let id: String

        private enum CodingKeys: String, CodingKey {
            case id = "Id"
        }
    }

    private struct Problem: Decodable {
        let message: String
    }
}
