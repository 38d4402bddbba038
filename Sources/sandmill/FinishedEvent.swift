import Foundation
import SandmillEntity
import SandmillService

/// A completion event as the command line shows it.
struct FinishedEvent {
    /// The execution.
    let id: UUID
    /// Its terminal state.
    let state: ExecutionState
    /// Why.
    let reason: String?
    /// The result document, JSON on one line.
    let document: String

    /// Whether it succeeded.
    var succeeded: Bool { state == .succeeded }

    /// Reads an event; nil for one that announces something else.
    init?(_ message: EventMessage) {
        guard let event = try? JSONDecoder().decode(JSONValue.self, from: Data(message.body)),
            let data = event["data"],
            let id = data["id"]?.string.flatMap(UUID.init(uuidString:)),
            let state = data["state"]?.string.flatMap(ExecutionState.init(rawValue:))
        else { return nil }
        self.id = id
        self.state = state
        reason = data["reason"]?.string
        document = data.line
    }
}

extension JSONValue {
    /// The value as JSON on one line, keys in order.
    var line: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
    }
}
