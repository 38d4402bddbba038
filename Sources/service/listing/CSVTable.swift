/// Comma-separated values (RFC 4180) that a spreadsheet takes for what they are.
///
/// 1. Every text is quoted, and a quotation mark in it doubled.
/// 2. A text that a spreadsheet would take for a formula, which could fetch or send something when the
///    file is opened, begins with an apostrophe. A stranger chooses the names of programs and what
///    they write.
/// 3. Lines end in CR LF.
public struct CSVTable: Equatable, Sendable {
    /// What a cell holds.
    public enum Value: Equatable, Sendable {
        /// Words of ours, of programs and of their authors.
        case text(String)
        /// A figure, written as it is.
        case number(String)
        /// Nothing.
        case none

        /// A text; nothing for nil.
        public init(text: String?) {
            self = text.map { .text($0) } ?? .none
        }

        /// A figure; nothing for nil.
        public init(number: (some CustomStringConvertible)?) {
            self = number.map { .number($0.description) } ?? .none
        }
    }

    /// What makes a formula of a cell; some of it only where a tab or a line's end is taken off, or in
    /// the wide forms of East Asian input.
    private static let formulaBeginnings: Set<Unicode.Scalar> = [
        "=", "+", "-", "@", "\t", "\r", "\n", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}",
    ]

    /// The content type of the text.
    public static let contentType = "text/csv; charset=utf-8; header=present"

    /// The names of the columns.
    public let columns: [String]
    /// The rows, each with a value for each column.
    public let rows: [[Value]]

    /// Puts a table together.
    public init(_ columns: [String], rows: [[Value]]) {
        self.columns = columns
        self.rows = rows
    }

    /// The table as text, its header first.
    public var text: String {
        ([columns.map(Value.text)] + rows).map(Self.line).joined()
    }

    private static func line(_ row: [Value]) -> String {
        let cells = row.map { value in
            switch value {
            case .text(let text): quoted(text)
            case .number(let figure): figure
            case .none: ""
            }
        }
        return cells.joined(separator: ",") + "\r\n"
    }

    private static func quoted(_ text: String) -> String {
        let first = text.unicodeScalars.first { $0 != " " }
        let isFormula = first.map(formulaBeginnings.contains) ?? false
        let doubled = text.split(separator: "\"", omittingEmptySubsequences: false)
            .joined(separator: "\"\"")
        return "\"" + (isFormula ? "'" : "") + doubled + "\""
    }
}
