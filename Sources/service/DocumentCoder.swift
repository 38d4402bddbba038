public import FoundationEssentials
internal import SandmillEntity

/// Writes documents and events as JSON: RFC 3339 times in milliseconds, keys in a fixed order.
public enum DocumentCoder {
    private static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(text(date))
        }
        return encoder
    }()

    private static let secondsStyle = Date.ISO8601FormatStyle()
    private static let timestampStyle = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    /// Encodes a value of ours; its figures are finite, so it always can be.
    public static func encode(_ value: some Encodable) -> [UInt8] {
        do {
            return Array(try encoder.encode(value))
        } catch {
            preconditionFailure("a document of ours has no JSON form: \(error)")
        }
    }

    /// Reads an RFC 3339 time, with or without a fraction of a second.
    ///
    /// The style alone takes 30 February, 25 o'clock and whatever follows the time, and no offset of
    /// more than 18 hours. The year 0 is none to many readers.
    static func timestamp(_ text: String) -> Date? {
        let local = text.prefix(19) + "Z"
        let end = /(\.[0-9]{1,9})?(?:Z|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))/
        guard let second = try? secondsStyle.parse(String(local)),
            second.formatted(secondsStyle) == local, !text.hasPrefix("0000"),
            let (_, fraction, sign, hours, minutes) = text.dropFirst(19).wholeMatch(of: end)?.output
        else { return nil }
        let offset =
            3_600 * (hours.flatMap { Double($0) } ?? 0) + 60 * (minutes.flatMap { Double($0) } ?? 0)
        return second + (fraction.flatMap { Double("0\($0)") } ?? 0)
            - (sign == "-" ? -offset : offset)
    }

    /// A time in RFC 3339, in milliseconds.
    ///
    /// The style cuts the rest of a millisecond off, and a `Date` lies a little beside half of them.
    public static func text(_ date: Date) -> String {
        (date + 0.0005).formatted(timestampStyle)
    }
}
