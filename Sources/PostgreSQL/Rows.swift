/// The rows of a result, in the order of the server.
///
/// They share the memory that libpq received them in; it is freed with the last of them.
public struct Rows: RandomAccessCollection, Sendable {
    /// How many rows the statement inserted, updated, deleted or selected.
    public let affectedCount: Int
    /// How many rows there are.
    public let endIndex: Int
    private let storage: RowStorage

    init(_ handle: consuming ResultHandle, columns: ColumnNames?) {
        affectedCount = handle.affectedCount
        endIndex = handle.rowCount
        storage = RowStorage(handle, columns: columns)
    }

    /// 0.
    public var startIndex: Int { 0 }

    /// The row at that position, counted from 0.
    public subscript(position: Int) -> Row {
        precondition(indices.contains(position), "row \(position) of \(endIndex)")
        return Row(storage: storage, index: position)
    }

    /// Where each column is; the same for every result of a statement.
    var columns: ColumnNames { storage.columns }
}

typealias ColumnNames = [String: Int]

/// The result that rows refer to.
final class RowStorage: Sendable {
    let handle: ResultHandle
    let columns: ColumnNames

    init(_ handle: consuming ResultHandle, columns: ColumnNames?) {
        if let columns {
            self.columns = columns
        } else {
            let names = (0..<handle.columnCount).map { (handle.columnName($0), $0) }
            self.columns = ColumnNames(names) { first, _ in first }
        }
        self.handle = handle
    }
}
