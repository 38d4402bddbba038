/// What the server says went wrong, in five characters (PostgreSQL manual, appendix A).
public struct SQLState: RawRepresentable, Hashable, Sendable {
    /// The five characters; the first two are the class.
    public let rawValue: String

    /// Takes any five characters: the server may send codes that have no name here.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// A connection ended or could not be made, in the words of the server or a proxy.
    public static let connectionFailure = Self(rawValue: "08006")
    /// A plan that a change of the schema has outdated, among others.
    public static let featureNotSupported = Self(rawValue: "0A000")
    /// Text that is not valid in the database's encoding, such as one with U+0000.
    public static let characterNotInRepertoire = Self(rawValue: "22021")
    /// A timestamp that its type cannot hold.
    public static let datetimeFieldOverflow = Self(rawValue: "22008")
    /// A write on a standby.
    public static let readOnlyTransaction = Self(rawValue: "25006")
    /// A statement after one that failed, in the same transaction.
    public static let inFailedTransaction = Self(rawValue: "25P02")
    /// A prepared statement that the server no longer knows.
    public static let invalidStatementName = Self(rawValue: "26000")
    /// No such database.
    public static let invalidCatalogName = Self(rawValue: "3D000")
    /// No such schema.
    public static let invalidSchemaName = Self(rawValue: "3F000")
    /// Concurrent transactions that cannot both be serialised.
    public static let serializationFailure = Self(rawValue: "40001")
    /// The role may not do this to that table, schema or database.
    public static let insufficientPrivilege = Self(rawValue: "42501")
    /// No such column.
    public static let undefinedColumn = Self(rawValue: "42703")
    /// No such table.
    public static let undefinedTable = Self(rawValue: "42P01")
    /// A lock was not free and the statement would not wait.
    public static let lockNotAvailable = Self(rawValue: "55P03")
    /// The statement was cancelled, by a person or by the server's statement timeout.
    public static let queryCanceled = Self(rawValue: "57014")
    /// The server could not read or write its files.
    public static let ioError = Self(rawValue: "58030")

    /// Whether the same statement may succeed later: the state of the server is at fault.
    public var isRetryable: Bool {
        switch rawValue.prefix(2) {
        case "08", "40", "53": true
        case "57": self == .queryCanceled || rawValue.hasPrefix("57P0")
        default: [.readOnlyTransaction, .lockNotAvailable, .ioError].contains(self)
        }
    }

    /// Whether it says that we may not: no such user or database, a wrong password, no permission.
    ///
    /// No statement is at fault, and no value: the same succeeds once somebody grants it again, as
    /// at the end of a maintenance, or after a password was rotated on both sides.
    public var isAccessRefusal: Bool {
        rawValue.hasPrefix("28") || [.invalidCatalogName, .insufficientPrivilege].contains(self)
    }

    /// Whether it tells of the session and not of the statement: another session may do better.
    ///
    /// A session that began on a server that has become a standby refuses to write for as long as it
    /// lasts (25006), and one whose role or database has changed under it may go on to refuse.
    var isOfSession: Bool {
        if isAccessRefusal { return true }
        switch rawValue.prefix(2) {
        case "08", "25": return self != .inFailedTransaction
        case "57": return self != .queryCanceled
        default: return false
        }
    }

    /// Whether the values are at fault: the same statement with other rows may succeed.
    ///
    /// Data exceptions (22), constraint violations (23), and program limits (54) such as a value
    /// too long for an index.
    public var isDataError: Bool {
        ["22", "23", "54"].contains(rawValue.prefix(2))
    }

    /// Whether the server's message may quote the statement or its values.
    var quotesStatement: Bool {
        ["22", "42"].contains(rawValue.prefix(2))
    }
}
