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
    /// The batch that it belongs to.
    let batch: UUID?
    /// The result document.
    let fields: JSONValue

    /// Whether it succeeded.
    var succeeded: Bool { state == .succeeded }

    /// The result document, JSON on one line.
    var document: String { fields.line }

    /// Reads an event; nil for one that announces something else.
    init?(_ message: EventMessage) {
        let event = try? JSONDecoder().decode(JSONValue.self, from: Data(message.body))
        guard let data = event?["data"] else { return nil }
        self.init(fields: data)
    }

    /// Reads a record; nil while the execution has not ended.
    init?(_ record: ExecutionRecord) {
        guard let result = record.result else { return nil }
        self.init(document: result)
    }

    /// Reads a result document, JSON; nil for anything else.
    init?(document text: String) {
        guard let fields = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) else {
            return nil
        }
        self.init(fields: fields)
    }

    private init?(fields: JSONValue) {
        guard let id = fields["id"]?.string.flatMap(UUID.init(text:)),
            let state = fields["state"]?.string.flatMap(ExecutionState.init(rawValue:))
        else { return nil }
        self.id = id
        self.state = state
        reason = fields["reason"]?.string
        batch = fields["batch_id"]?.string.flatMap(UUID.init(text:))
        self.fields = fields
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
