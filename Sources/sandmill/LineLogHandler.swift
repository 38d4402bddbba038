import Foundation
import Logging
import SandmillClient
import SandmillConfiguration
import SandmillService

/// Writes each entry of the log on one line to standard error: the message first, then what varies, quoted.
///
/// What varies may come from strangers, such as the reason why a request is refused, so nothing of it ends a
/// line or reaches a terminal as it is.
struct LineLogHandler: LogHandler {
    let label: String
    let format: Configuration.LogFormat
    var logLevel = Logger.Level.info
    var metadata = Logger.Metadata()
    var metadataProvider: Logger.MetadataProvider?

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var fields = metadata
        if let provided = metadataProvider?.get() { fields.merge(provided) { $1 } }
        if let own = event.metadata { fields.merge(own) { $1 } }
        Terminal.writeError(
            Self.line(
                event.level,
                event.message.description,
                fields,
                label: label,
                format: format,
                at: Date()
            )
        )
    }

    /// An entry as a line.
    static func line(
        _ level: Logger.Level,
        _ message: String,
        _ fields: Logger.Metadata,
        label: String,
        format: Configuration.LogFormat,
        at time: Date
    ) -> String {
        let time = time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        let values = fields.mapValues { "\($0)" }
        switch format {
        case .text:
            let suffix = values.sorted { $0.key < $1.key }
                .map { " \($0.key)=\(quoted($0.value))" }
            return "\(time) \(level) \(label): \(message.printable)\(suffix.joined())"
        case .json:
            let document: JSONValue = .object([
                "time": .string(time),
                "level": .string(level.rawValue),
                "logger": .string(label),
                "message": .string(message),
                "fields": .object(values.mapValues { .string($0) }),
            ])
            return document.line
        }
    }

    /// A value between quotation marks, on one line.
    private static func quoted(_ text: String) -> String {
        let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            .replacing("\n", with: "\\n")
        return "\"\(escaped.printable)\""
    }
}
