internal import Foundation
public import SandmillEntity
public import SandmillService

/// The end of an execution, as its event or its record tells it.
public struct FinishedEvent: Sendable {
    /// What is read of the result document.
    public let result: RecordedResult
    private let fields: JSONValue

    /// Whether it succeeded.
    public var succeeded: Bool { result.state.known == .succeeded }

    /// The result document, JSON on one line.
    public var document: String { fields.line }

    /// The result document.
    public var json: JSONValue { fields }

    /// Reads an event; nil for one that announces something else.
    public init?(_ message: EventMessage) {
        let event = try? JSONDecoder().decode(JSONValue.self, from: Data(message.body))
        guard let data = event?["data"], let result = try? RecordedResult(event: message.body)
        else { return nil }
        fields = data
        self.result = result
    }

    /// Reads a record; nil while the execution has not ended.
    public init?(_ record: ExecutionRecord) {
        guard let result = record.result else { return nil }
        self.init(document: result)
    }

    /// Reads a result document, JSON; nil for anything else.
    public init?(document text: String) {
        guard let result = try? RecordedResult(document: text.utf8),
            let fields = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
        else { return nil }
        self.fields = fields
        self.result = result
    }
}

extension JSONValue {
    /// The value as JSON on one line, keys in order.
    public var line: String { text(.sortedKeys) }

    /// The value as JSON on indented lines, keys in order.
    public var indented: String { text([.sortedKeys, .prettyPrinted]) }

    private func text(_ format: JSONEncoder.OutputFormatting) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = format.union(.withoutEscapingSlashes)
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
    }
}
