import Foundation
import SandmillClient
import SandmillEntity
import SandmillService

/// Dead letters as rows, however many; on a terminal each is cut to one line.
struct DeadLetterTable {
    private static let header = [
        "id", "kept at", "error type", "pool.level", "tenant", "message id", "reason",
    ]
    private static let shortestReason = 20

    private var widths: [Int] = []

    /// Writes rows, below the header if they are the first; these decide how wide the columns are.
    mutating func write(_ letters: [DeadLetterSummary]) {
        guard !letters.isEmpty else { return }
        var rows = letters.map(\.cells)
        if widths.isEmpty {
            rows.insert(Self.header, at: 0)
            widths = Self.header.indices.dropLast().map { column in
                rows.map { $0[column].count }.max() ?? 0
            }
        }
        for row in rows { Terminal.write(line(row)) }
    }

    private func line(_ row: [String]) -> String {
        var line = ""
        for (cell, width) in zip(row, widths) {
            line += cell.padding(to: width) + "  "
        }
        let reason = row[widths.count]
        guard let width = Terminal.width else { return line + reason }
        return line + reason.cut(to: max(width - line.count, Self.shortestReason))
    }
}

extension DeadLetterSummary {
    fileprivate var cells: [String] {
        [
            String(id), keptAt.formatted(.iso8601), errorType, routingKey ?? "-", tenant,
            messageID ?? "-", reason,
        ].map(\.printable)
    }

    /// The dead letter as a document for programs.
    var json: JSONValue {
        .object([
            "id": .integer(id),
            "kept_at": .string(keptAt.text),
            "error_type": .string(errorType),
            "reason": .string(reason),
            "queue": .string(queue),
            "routing_key": .optional(routingKey),
            "tenant": .string(tenant),
            "message_id": .optional(messageID),
            "body_bytes": .integer(bodySize.bytes),
            "body_is_complete": .bool(isComplete),
        ])
    }
}

extension StoredDeadLetter {
    /// The dead letter as a table of everything it has.
    var rows: [[String]] {
        let properties = letter.properties
        let named: [(String, String?)] = [
            ("dead letter", String(id)),
            ("kept at", keptAt.text),
            ("error type", letter.errorType),
            ("reason", letter.reason),
            ("queue", letter.queue),
            ("routing key", letter.routingKey ?? "not known"),
            ("deliveries", letter.deliveries.map(String.init) ?? "not known"),
            ("content_type", properties.contentType),
            ("message_id", properties.messageID),
            ("correlation_id", properties.correlationID),
            ("reply_to", properties.replyTo),
            ("timestamp", properties.timestamp?.text),
            ("app_id", properties.appID),
            ("user_id", properties.userID.flatMap { $0.isEmpty ? nil : $0 }),
        ]
        let headers = properties.headers.sorted { $0.key < $1.key }
            .map { ("header \($0.key)", Optional($0.value)) }
        let body = [
            ("sha256", letter.sha256 ?? "not known: an earlier version kept only the beginning"),
            ("body", letter.extent),
        ]
        return (named + headers + body).compactMap { name, value in
            value.map { [name.printable, $0.printable] }
        }
    }

    /// The lines of its body; nil when that is no text.
    var lines: [String]? {
        String(validating: letter.body, as: UTF8.self).map { text in
            text.split(separator: "\n", omittingEmptySubsequences: false)
                .map { String($0).printable }
        }
    }

    /// The dead letter as a document for programs.
    var json: JSONValue {
        let properties = letter.properties
        let text = String(validating: letter.body, as: UTF8.self)
        let body: (String, String) =
            text.map { ("body", $0) }
            ?? ("body_base64", Data(letter.body).base64EncodedString())
        return .object([
            "id": .integer(id),
            "kept_at": .string(keptAt.text),
            "error_type": .string(letter.errorType),
            "reason": .string(letter.reason),
            "queue": .string(letter.queue),
            "routing_key": .optional(letter.routingKey),
            "deliveries": letter.deliveries.map { .integer(Int64($0)) } ?? .null,
            "properties": .object([
                "content_type": .optional(properties.contentType),
                "message_id": .optional(properties.messageID),
                "correlation_id": .optional(properties.correlationID),
                "reply_to": .optional(properties.replyTo),
                "timestamp": .optional(properties.timestamp?.text),
                "app_id": .optional(properties.appID),
                "user_id": .optional(properties.userID.flatMap { $0.isEmpty ? nil : $0 }),
                "headers": .object(properties.headers.mapValues { .string($0) }),
            ]),
            "body_bytes": .integer(letter.bodySize.bytes),
            "body_is_complete": .bool(letter.isComplete),
            "body_sha256": .optional(letter.sha256),
            body.0: .string(body.1),
        ])
    }
}

extension DeadLetter {
    /// How much of the body there is.
    var extent: String {
        isComplete
            ? "\(bodySize.bytes) bytes"
            : "the first \(body.count) of \(bodySize.bytes) bytes"
    }
}

extension JSONValue {
    fileprivate static func optional(_ text: String?) -> JSONValue {
        text.map { .string($0) } ?? .null
    }
}

extension Date {
    fileprivate var text: String {
        formatted(ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
