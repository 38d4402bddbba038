public import FoundationEssentials

/// Microseconds since 2000-01-01 00:00 UTC on the wire.
///
/// A `Date` holds whole microseconds exactly within 250 years of 2000; parts of one are rounded.
/// The server's infinities are not dates and are refused.
extension Date: PostgreSQLScalar {
    /// timestamptz.
    public static var postgreSQLType: PostgreSQLType { .timestamptz }

    /// From the server's epoch, 2000, to Foundation's, 2001, in microseconds.
    private static var epochDistance: Double { 366 * 86_400 * 1_000_000 }

    /// Encodes the nearest microsecond.
    ///
    /// - Throws: ``SQLState/datetimeFieldOverflow`` where that is out of any range.
    public func encode(to encoder: inout BinaryEncoder) throws(PostgreSQLError) {
        let sinceReference = (timeIntervalSinceReferenceDate * 1_000_000).rounded()
        guard let value = Int64(exactly: sinceReference + Self.epochDistance), value != .min else {
            throw PostgreSQLError(
                .refused,
                "the date is out of range",
                sqlState: .datetimeFieldOverflow
            )
        }
        encoder.appendField(value)
    }

    /// Decodes a timestamptz that is finite.
    public init(postgreSQL field: Field) throws(PostgreSQLError) {
        var decoder = try field.decoder(Self.self, from: .timestamptz)
        let value: Int64 = try decoder.next()
        guard value != .min, value != .max else {
            throw PostgreSQLError(.unexpectedResult, "it is infinite")
        }
        let sinceReference = Double(value) - Self.epochDistance
        self.init(timeIntervalSinceReferenceDate: sinceReference / 1_000_000)
    }
}
