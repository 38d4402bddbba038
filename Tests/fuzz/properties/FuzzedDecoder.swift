/// A decoder of hostile bytes, and what must hold of it whatever they are.
enum FuzzedDecoder: String, CaseIterable, Sendable {
    /// What comes over a sandbox's stream, at either end.
    case frames
    /// A request, as the broker delivers it.
    case requests

    /// Feeds it an input.
    func check(_ input: [UInt8]) throws(PropertyViolation) {
        switch self {
        case .frames: try HostileStream(input).check()
        case .requests: try HostileRequest(input).check()
        }
    }
}
