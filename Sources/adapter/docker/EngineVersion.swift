/// What an engine says of itself (`GET /version`).
struct EngineVersion: Decodable, Equatable, Sendable {
    /// A part of the engine, such as `runc`.
    struct Component: Decodable, Equatable, Sendable {
        let name: String
        let version: String

        private enum CodingKeys: String, CodingKey {
            case name = "Name"
            case version = "Version"
        }
    }

    let version: String
    let apiVersion: String
    let minimumAPIVersion: String?
    let components: [Component]?

    /// Podman's own version, which is also that of its own API; nil for any other engine.
    var podman: String? {
        components?.first { $0.name == "Podman Engine" }?.version
    }

    /// Whether Podman runs every container by this runtime: it takes none for a single one.
    func runsContainers(by runtime: String) -> Bool {
        components?.contains { $0.name == "OCI Runtime (\(runtime))" } == true
    }

    /// The version of the API to speak: the wanted one, or the engine's nearest.
    func bestAPI(_ wanted: String) -> String {
        if let minimumAPIVersion, Self.isOlder(wanted, than: minimumAPIVersion) {
            return minimumAPIVersion
        }
        return Self.isOlder(apiVersion, than: wanted) ? apiVersion : wanted
    }

    private static func isOlder(_ left: String, than right: String) -> Bool {
        let numbers = [left, right].map { $0.split(separator: ".").map { Int($0) ?? 0 } }
        return numbers[0].lexicographicallyPrecedes(numbers[1])
    }

    private enum CodingKeys: String, CodingKey {
        case version = "Version"
        case apiVersion = "ApiVersion"
        case minimumAPIVersion = "MinAPIVersion"
        case components = "Components"
    }
}
