/// One row of a result.
///
/// The type of a value follows from its use:
///
/// ```swift
/// Claim(id: try row["id"], reason: try row["reason"])  // a UUID, a String?
/// ```
public struct Row: Sendable {
    let storage: RowStorage
    let index: Int

    /// The value in the column of that name; the first, where several have it.
    ///
    /// - Throws: ``PostgreSQLError/Code/unexpectedResult`` where there is no such column, where
    ///   its type is another, and for a NULL that is not read as an optional.
    public subscript<Value: PostgreSQLValue>(
        column: String, as type: Value.Type = Value.self
    ) -> Value {
        get throws(PostgreSQLError) {
            guard let position = storage.columns[column] else {
                throw PostgreSQLError(.unexpectedResult, "there is no column \(column)")
            }
            return try value(at: position, called: column)
        }
    }

    /// The value in the column at that position, counted from 0.
    ///
    /// - Throws: As the subscript by name.
    public subscript<Value: PostgreSQLValue>(
        column: Int, as type: Value.Type = Value.self
    ) -> Value {
        get throws(PostgreSQLError) {
            guard (0..<storage.handle.columnCount).contains(column) else {
                throw PostgreSQLError(.unexpectedResult, "there is no column \(column)")
            }
            return try value(at: column, called: String(column))
        }
    }

    private func value<Value: PostgreSQLValue>(
        at column: Int,
        called name: @autoclosure () -> String
    ) throws(PostgreSQLError) -> Value {
        do {
            return try storage.handle.withField(row: index, column: column) {
                field throws(PostgreSQLError) in try Value(postgreSQL: field)
            }
        } catch {
            throw PostgreSQLError(.unexpectedResult, "column \(name()): \(error.message)")
        }
    }
}
