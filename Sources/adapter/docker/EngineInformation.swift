/// What an engine says of how it is set up (`GET /info`).
struct EngineInformation: Decodable, Equatable, Sendable {
    /// How it confines containers, such as `name=seccomp,profile=default`.
    let securityOptions: [String]?

    /// How the users of a container are others on its host; nil where they are the same.
    var userMapping: String? {
        let names = (securityOptions ?? []).compactMap { option in
            option.split(separator: ",").first { $0.hasPrefix("name=") }?.dropFirst(5)
        }
        if names.contains("rootless") { return "it runs without root" }
        return names.contains("userns") ? "userns-remap" : nil
    }

    private enum CodingKeys: String, CodingKey {
        case securityOptions = "SecurityOptions"
    }
}
