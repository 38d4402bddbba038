/// A type of the server, by the identifiers that built-in types always have.
public struct PostgreSQLType: Hashable, Sendable {
    /// Its own (`select 'uuid'::regtype::oid`).
    let identifier: UInt32
    /// That of arrays of it; 0 for an array type.
    private let arrayIdentifier: UInt32

    private init(_ identifier: UInt32, array arrayIdentifier: UInt32) {
        self.identifier = identifier
        self.arrayIdentifier = arrayIdentifier
    }

    static let bool = Self(16, array: 1000)
    static let bytea = Self(17, array: 1001)
    static let name = Self(19, array: 1003)
    static let int8 = Self(20, array: 1016)
    static let int2 = Self(21, array: 1005)
    static let int4 = Self(23, array: 1007)
    static let text = Self(25, array: 1009)
    static let json = Self(114, array: 199)
    static let float4 = Self(700, array: 1021)
    static let float8 = Self(701, array: 1022)
    static let bpchar = Self(1042, array: 1014)
    static let varchar = Self(1043, array: 1015)
    static let timestamptz = Self(1184, array: 1185)
    static let uuid = Self(2950, array: 2951)
    static let jsonb = Self(3802, array: 3807)

    private static let scalars = [
        bool, bytea, name, int8, int2, int4, text, json, float4, float8, bpchar, varchar,
        timestamptz, uuid, jsonb,
    ]

    /// The type of arrays of this scalar type.
    var array: Self { Self(arrayIdentifier, array: 0) }

    /// The type of an array type's elements; nil for the identifier of any other type.
    static func element(ofArray identifier: UInt32) -> Self? {
        scalars.first { $0.arrayIdentifier == identifier }
    }
}
