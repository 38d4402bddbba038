/// A JSON document as text: a jsonb parameter, or a jsonb or json value of a result.
///
/// The server checks that it is JSON.
public struct JSON: PostgreSQLScalar, Hashable {
    /// The document; of a jsonb result in the server's own spelling.
    public var text: String

    /// Takes a document.
    public init(_ text: String) {
        self.text = text
    }

    /// jsonb.
    public static var postgreSQLType: PostgreSQLType { .jsonb }

    /// The version that precedes the text (`jsonb_recv`).
    private static let version: UInt8 = 1

    /// Encodes the text; U+0000 is refused with ``SQLState/characterNotInRepertoire``.
    public func encode(to encoder: inout BinaryEncoder) throws(PostgreSQLError) {
        try encoder.appendField(text, prefix: [Self.version])
    }

    /// Decodes a jsonb or a json.
    public init(postgreSQL field: Field) throws(PostgreSQLError) {
        var decoder = try field.decoder(Self.self, from: .jsonb, .json)
        if field.isOf(.jsonb) { _ = try decoder.next() as UInt8 }
        text = decoder.text
    }
}
