/// A Swift type that travels to and from the server in its binary representation.
///
/// The conformances of this module are all there are: `Bool`, `Int`, `Int32`, `Int64`, `Double`,
/// `String`, `UUID`, `Data` (bytea), `Date` (timestamptz) and ``JSON`` (jsonb), optionals of them
/// for NULL, and one-dimensional arrays of all those.
public protocol PostgreSQLValue: Sendable {
    /// The type that a parameter of this kind is declared with.
    static var postgreSQLType: PostgreSQLType { get }

    /// Appends the value as the protocol frames it: its length, then its bytes; -1 for NULL.
    ///
    /// - Throws: An error with ``PostgreSQLError/isDataError`` for a value its type cannot hold.
    func encode(to encoder: inout BinaryEncoder) throws(PostgreSQLError)

    /// Decodes a value of a result.
    ///
    /// - Throws: ``PostgreSQLError/Code/unexpectedResult`` for NULL or another type.
    init(postgreSQL field: Field) throws(PostgreSQLError)
}

/// A value that can be an element of an array: all but arrays.
public protocol PostgreSQLScalar: PostgreSQLValue {}

extension Optional: PostgreSQLValue where Wrapped: PostgreSQLValue {
    /// The type of the value.
    public static var postgreSQLType: PostgreSQLType { Wrapped.postgreSQLType }

    /// Encodes the value, or NULL.
    public func encode(to encoder: inout BinaryEncoder) throws(PostgreSQLError) {
        if let value = self {
            try value.encode(to: &encoder)
        } else {
            encoder.appendNull()
        }
    }

    /// Decodes a value, or nil from NULL.
    public init(postgreSQL field: Field) throws(PostgreSQLError) {
        self = if field.isNull { nil } else { try Wrapped(postgreSQL: field) }
    }
}

extension Optional: PostgreSQLScalar where Wrapped: PostgreSQLScalar {}

/// The layout of arrays is `array_send`'s: dimensions, a flag for NULLs, the element type, then
/// each dimension's length and lower bound, then the elements, framed.
extension Array: PostgreSQLValue where Element: PostgreSQLScalar {
    /// The array type of the elements' type.
    public static var postgreSQLType: PostgreSQLType { Element.postgreSQLType.array }

    /// Encodes the elements; the lower bound is 1.
    public func encode(to encoder: inout BinaryEncoder) throws(PostgreSQLError) {
        let start = encoder.beginField()
        encoder.append(Int32(isEmpty ? 0 : 1))
        encoder.append(Int32(1))
        encoder.append(Element.postgreSQLType.identifier)
        if !isEmpty {
            encoder.append(Int32(count))
            encoder.append(Int32(1))
            for element in self { try element.encode(to: &encoder) }
        }
        encoder.endField(at: start)
    }

    /// Decodes an array of one dimension; its lower bound is forgotten.
    public init(postgreSQL field: Field) throws(PostgreSQLError) {
        guard let type = PostgreSQLType.element(ofArray: field.type) else {
            throw field.mismatch(Self.self)
        }
        var decoder = try field.decoder()
        let dimensions: Int32 = try decoder.next()
        _ = try decoder.next() as Int32
        _ = try decoder.next() as UInt32
        guard dimensions > 0 else {
            self = []
            return
        }
        let count: Int32 = try decoder.next()
        guard dimensions == 1, count >= 0 else { throw field.mismatch(Self.self) }
        _ = try decoder.next() as Int32
        self = []
        reserveCapacity(Int(count))
        for _ in 0..<count {
            append(try Element(postgreSQL: try decoder.nextField(of: type.identifier)))
        }
    }
}
