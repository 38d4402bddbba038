public import FoundationEssentials

extension Bool: PostgreSQLScalar {
    /// bool.
    public static var postgreSQLType: PostgreSQLType { .bool }

    /// Encodes it as one byte.
    public func encode(to encoder: inout BinaryEncoder) {
        encoder.appendField(UInt8(self ? 1 : 0))
    }

    /// Decodes a bool.
    public init(postgreSQL field: Field) throws(PostgreSQLError) {
        var decoder = try field.decoder(Self.self, from: .bool)
        let byte: UInt8 = try decoder.next()
        self = byte != 0
    }
}

extension Int: PostgreSQLScalar {
    /// int8.
    public static var postgreSQLType: PostgreSQLType { .int8 }

    /// Encodes it as 64 bits.
    public func encode(to encoder: inout BinaryEncoder) {
        encoder.appendField(Int64(self))
    }

    /// Decodes an integer of any width.
    public init(postgreSQL field: Field) throws(PostgreSQLError) {
        self = Int(try Int64(postgreSQL: field))
    }
}

extension Int64: PostgreSQLScalar {
    /// int8.
    public static var postgreSQLType: PostgreSQLType { .int8 }

    /// Encodes it as 64 bits.
    public func encode(to encoder: inout BinaryEncoder) {
        encoder.appendField(self)
    }

    /// Decodes an integer of any width.
    public init(postgreSQL field: Field) throws(PostgreSQLError) {
        guard field.isOf(.int8) else {
            self = Int64(try Int32(postgreSQL: field))
            return
        }
        var decoder = try field.decoder()
        self = try decoder.next()
    }
}

extension Int32: PostgreSQLScalar {
    /// int4.
    public static var postgreSQLType: PostgreSQLType { .int4 }

    /// Encodes it as 32 bits.
    public func encode(to encoder: inout BinaryEncoder) {
        encoder.appendField(self)
    }

    /// Decodes an integer of at most 32 bits.
    public init(postgreSQL field: Field) throws(PostgreSQLError) {
        var decoder = try field.decoder(Self.self, from: .int4, .int2)
        self = field.isOf(.int2) ? Int32(try decoder.next() as Int16) : try decoder.next()
    }
}

extension Double: PostgreSQLScalar {
    /// float8.
    public static var postgreSQLType: PostgreSQLType { .float8 }

    /// Encodes its bit pattern (IEEE 754).
    public func encode(to encoder: inout BinaryEncoder) {
        encoder.appendField(bitPattern)
    }

    /// Decodes a float8, or widens a float4.
    public init(postgreSQL field: Field) throws(PostgreSQLError) {
        var decoder = try field.decoder(Self.self, from: .float8, .float4)
        self =
            field.isOf(.float4)
            ? Double(Float(bitPattern: try decoder.next()))
            : Double(bitPattern: try decoder.next())
    }
}

extension String: PostgreSQLScalar {
    /// text.
    public static var postgreSQLType: PostgreSQLType { .text }

    /// Encodes it as UTF-8; U+0000 is refused with ``SQLState/characterNotInRepertoire``.
    public func encode(to encoder: inout BinaryEncoder) throws(PostgreSQLError) {
        try encoder.appendField(self)
    }

    /// Decodes text of any type.
    public init(postgreSQL field: Field) throws(PostgreSQLError) {
        self = try field.decoder(Self.self, from: .text, .varchar, .bpchar, .name).text
    }
}

extension UUID: PostgreSQLScalar {
    /// uuid.
    public static var postgreSQLType: PostgreSQLType { .uuid }

    /// Encodes its 16 bytes.
    public func encode(to encoder: inout BinaryEncoder) {
        unsafe withUnsafeBytes(of: uuid) { unsafe encoder.appendField($0) }
    }

    /// Decodes a uuid.
    public init(postgreSQL field: Field) throws(PostgreSQLError) {
        var decoder = try field.decoder(Self.self, from: .uuid)
        self = try decoder.nextUUID()
    }
}

extension Data: PostgreSQLScalar {
    /// bytea.
    public static var postgreSQLType: PostgreSQLType { .bytea }

    /// Encodes its bytes.
    public func encode(to encoder: inout BinaryEncoder) {
        encoder.appendField(self)
    }

    /// Decodes a copy of a bytea.
    public init(postgreSQL field: Field) throws(PostgreSQLError) {
        self = try field.decoder(Self.self, from: .bytea).data
    }
}
