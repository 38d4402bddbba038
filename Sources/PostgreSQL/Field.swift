/// One value of a result, lent to an initialiser for the length of its call.
@safe
public struct Field {
    /// The identifier of its type.
    let type: UInt32
    private let bytes: UnsafeRawBufferPointer?

    init(type: UInt32, bytes: UnsafeRawBufferPointer?) {
        self.type = type
        unsafe self.bytes = unsafe bytes
    }

    var isNull: Bool { unsafe bytes == nil }

    func isOf(_ type: PostgreSQLType) -> Bool { self.type == type.identifier }

    func decoder() throws(PostgreSQLError) -> BinaryDecoder {
        guard let bytes = unsafe bytes else {
            throw PostgreSQLError(.unexpectedResult, "it is NULL")
        }
        return unsafe BinaryDecoder(bytes)
    }

    /// The bytes of a value of one of `types`.
    func decoder(
        _ value: Any.Type,
        from types: PostgreSQLType...
    ) throws(PostgreSQLError)
        -> BinaryDecoder
    {
        guard types.contains(where: isOf) else { throw mismatch(value) }
        return try decoder()
    }

    func mismatch(_ value: Any.Type) -> PostgreSQLError {
        PostgreSQLError(.unexpectedResult, "its type \(type) is not read as \(value)")
    }
}
