internal import CPostgreSQL

/// The owner of one `PGresult`, which does not change, so that any thread may read it.
@safe
struct ResultHandle: ~Copyable, @unchecked Sendable {
    private let result: OpaquePointer

    init(takingOwnershipOf result: OpaquePointer) {
        unsafe self.result = unsafe result
    }

    deinit {
        unsafe PQclear(result)
    }

    /// How many bytes of memory it takes.
    var size: Int { unsafe PQresultMemorySize(result) }

    var rowCount: Int { Int(unsafe PQntuples(result)) }

    var columnCount: Int { Int(unsafe PQnfields(result)) }

    /// The count in the command tag; 0 for commands that have none.
    var affectedCount: Int {
        Int(unsafe String(cString: PQcmdTuples(result))) ?? 0
    }

    func columnName(_ column: Int) -> String {
        unsafe String(cString: PQfname(result, CInt(column)))
    }

    func withField<Value>(
        row: Int,
        column: Int,
        _ body: (Field) throws(PostgreSQLError) -> Value
    ) throws(PostgreSQLError) -> Value {
        let row = CInt(row)
        let column = CInt(column)
        let type = unsafe PQftype(result, column)
        guard unsafe PQgetisnull(result, row, column) == 0 else {
            return try unsafe body(Field(type: type, bytes: nil))
        }
        let bytes = unsafe UnsafeRawBufferPointer(
            start: PQgetvalue(result, row, column),
            count: Int(PQgetlength(result, row, column))
        )
        return try unsafe body(Field(type: type, bytes: bytes))
    }

    /// Why the statement failed; nil where it did not.
    var error: PostgreSQLError? {
        switch unsafe PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
            return nil
        case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
            return PostgreSQLError(.connectionLost, "COPY from or to the client is not supported")
        default:
            let sqlState = field(.sqlState).map(SQLState.init(rawValue:))
            let message = unsafe field(.message) ?? String(cString: PQresultErrorMessage(result))
            var error = PostgreSQLError(
                sqlState == nil ? .connectionLost : .refused,
                message.oneLine,
                sqlState: sqlState
            )
            error.detail = field(.detail)
            error.constraint = field(.constraint)
            return error
        }
    }

    private func field(_ field: ErrorField) -> String? {
        unsafe PQresultErrorField(result, CInt(field.rawValue)).map {
            unsafe String(cString: $0)
        }
    }
}

/// Parts of an error message of the protocol (manual, 55.8), whose macros Swift does not import.
private enum ErrorField: UInt8 {
    case sqlState = 0x43  // C
    case message = 0x4d  // M
    case detail = 0x44  // D
    case constraint = 0x6e  // n
}
