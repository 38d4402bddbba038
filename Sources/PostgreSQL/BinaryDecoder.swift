internal import FoundationEssentials

/// A reader of a field's bytes, in network byte order.
///
/// It throws where they end too early, and never reads outside them.
@safe
struct BinaryDecoder {
    private var rest: Slice<UnsafeRawBufferPointer>

    init(_ bytes: UnsafeRawBufferPointer) {
        unsafe rest = unsafe bytes[...]
    }

    mutating func next<Integer: FixedWidthInteger & BitwiseCopyable>()
        throws(PostgreSQLError) -> Integer
    {
        Integer(bigEndian: try load())
    }

    mutating func nextUUID() throws(PostgreSQLError) -> UUID {
        UUID(uuid: try load())
    }

    /// The next framed value, as an element of an array is.
    mutating func nextField(of type: UInt32) throws(PostgreSQLError) -> Field {
        let length: Int32 = try next()
        return unsafe Field(type: type, bytes: length < 0 ? nil : try take(Int(length)))
    }

    var text: String {
        unsafe String(decoding: rest, as: UTF8.self)
    }

    var data: Data {
        unsafe Data(rest)
    }

    private mutating func load<Value: BitwiseCopyable>() throws(PostgreSQLError) -> Value {
        unsafe try take(MemoryLayout<Value>.size).loadUnaligned(as: Value.self)
    }

    private mutating func take(_ count: Int) throws(PostgreSQLError) -> UnsafeRawBufferPointer {
        guard unsafe count <= rest.count else {
            throw PostgreSQLError(.unexpectedResult, "it ends too early")
        }
        defer { unsafe rest = unsafe rest.dropFirst(count) }
        return unsafe UnsafeRawBufferPointer(rebasing: rest.prefix(count))
    }
}
