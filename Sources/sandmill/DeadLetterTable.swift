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
}

extension DeadLetter {
    /// How much of the body there is.
    var extent: String {
        isComplete
            ? "\(bodySize.bytes) bytes"
            : "the first \(body.count) of \(bodySize.bytes) bytes"
    }
}

extension Date {
    fileprivate var text: String {
        formatted(ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
