public import Foundation
internal import SandmillEntity
public import SandmillService

/// The refusal of a request, as its event tells it.
public struct RefusedEvent: Sendable {
    /// The execution, or the batch, that is not to be.
    public let id: UUID?
    /// Everything that is wrong, for a person.
    public let reason: String
    /// The number of the dead letter.
    public let number: Int64

    /// Reads an event; nil for one that announces something else.
    public init?(_ message: EventMessage) {
        let event = try? JSONDecoder().decode(JSONValue.self, from: Data(message.body))
        guard event?["type"]?.string == "dev.sandmill.request.refused.v1",
            let data = event?["data"],
            case .integer(let number)? = data["dead_letter"],
            case .array(let errors)? = data["errors"]
        else { return nil }
        id = data["id"]?.string.flatMap(UUID.init(text:))
        reason =
            errors.map { error in
                let pointer = error["pointer"]?.string
                return RequestRefusal.Fault(at: pointer, error["message"]?.string ?? "").reason
            }
            .joined(separator: "; ")
        self.number = number
    }
}
