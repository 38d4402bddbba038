import Foundation
import SandmillEntity
import SandmillService

/// A completion event as the command line shows it.
struct FinishedEvent: Sendable {
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
        let event = try? JSONDecoder().decode(JSONValue.self, from: Data(message.body))
        guard let data = event?["data"] else { return nil }
        self.init(document: data)
    }

    /// Reads a record; nil while the execution has not ended.
    init?(_ record: ExecutionRecord) {
        guard let result = record.result,
            let document = try? JSONDecoder().decode(JSONValue.self, from: Data(result.utf8))
        else { return nil }
        self.init(document: document)
    }

    private init?(document: JSONValue) {
        guard let id = document["id"]?.string.flatMap(UUID.init(uuidString:)),
            let state = document["state"]?.string.flatMap(ExecutionState.init(rawValue:))
        else { return nil }
        self.id = id
        self.state = state
        reason = document["reason"]?.string
        self.document = document.line
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
