/// The arguments of a declaration, or the headers of a message (AMQP 0-9-1, 4.2.5.5).
public typealias FieldTable = [String: FieldValue]

/// A value in a ``FieldTable``.
///
/// Whatever a broker sends is represented: a string that is not UTF-8 becomes ``bytes(_:)``, a
/// decimal becomes ``double(_:)``, an unsigned number above `Int64.max` becomes `Int64.max`, and
/// what is nested deeper than 32 levels becomes ``void``. Of keys that occur twice the last counts.
public indirect enum FieldValue: Hashable, Sendable {
    /// No value.
    case void
    /// A truth value.
    case bool(Bool)
    /// A whole number of any width; sent as 64 bits.
    case int(Int64)
    /// A number of single or double precision; sent as double.
    case double(Double)
    /// Seconds since 1970-01-01T00:00:00Z.
    case timestamp(UInt64)
    /// Text.
    case string(String)
    /// Bytes that need not be text.
    case bytes([UInt8])
    /// Values in a row.
    case array([FieldValue])
    /// Values by name.
    case table(FieldTable)
}

extension FieldValue: ExpressibleByStringLiteral {
    /// Makes a ``string(_:)``.
    public init(stringLiteral value: String) {
        self = .string(value)
    }
}

extension FieldValue: ExpressibleByIntegerLiteral {
    /// Makes an ``int(_:)``.
    public init(integerLiteral value: Int64) {
        self = .int(value)
    }
}

extension FieldValue: ExpressibleByBooleanLiteral {
    /// Makes a ``bool(_:)``.
    public init(booleanLiteral value: Bool) {
        self = .bool(value)
    }
}

extension FieldTable {
    /// The bytes it takes in a frame (AMQP 0-9-1, 4.2.5.5).
    var encodedSize: Int {
        reduce(4) { size, entry in size + 1 + entry.key.utf8.count + entry.value.encodedSize }
    }
}

extension FieldValue {
    fileprivate var encodedSize: Int {
        switch self {
        case .void: 1
        case .bool: 2
        case .int, .double, .timestamp: 9
        case .string(let string): 5 + string.utf8.count
        case .bytes(let bytes): 5 + bytes.count
        case .array(let values): values.reduce(5) { size, value in size + value.encodedSize }
        case .table(let table): 1 + table.encodedSize
        }
    }
}
