internal import FoundationEssentials
internal import SandmillEntity

/// Writes documents and events as JSON: RFC 3339 times in milliseconds, keys in a fixed order.
enum DocumentCoder {
    private static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(date.formatted(timestampStyle))
        }
        return encoder
    }()

    private static let timestampStyle = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    /// Encodes a value of ours; its figures are finite, so it always can be.
    static func encode(_ value: some Encodable) -> [UInt8] {
        do {
            return Array(try encoder.encode(value))
        } catch {
            preconditionFailure("a document of ours has no JSON form: \(error)")
        }
    }

    /// Reads an RFC 3339 time, with or without a fraction of a second.
    static func timestamp(_ text: String) -> Date? {
        (try? timestampStyle.parse(text)) ?? (try? Date.ISO8601FormatStyle().parse(text))
    }
}
