internal import FoundationEssentials
internal import SandmillEntity
internal import SandmillService

/// Comma-separated values (RFC 4180) that a spreadsheet takes for what they are.
///
/// 1. Every text is quoted, and a quotation mark in it doubled.
/// 2. A text that a spreadsheet would take for a formula, which could fetch or send something when the
///    file is opened, begins with an apostrophe. A stranger chooses the names of programs and what
///    they write.
/// 3. Lines end in CR LF.
public struct CSVDocument: Sendable {
    /// What makes a formula of a cell; some of it only where a tab or a line's end is taken off, or in
    /// the wide forms of East Asian input.
    private static let formulaBeginnings: Set<Unicode.Scalar> = [
        "=", "+", "-", "@", "\t", "\r", "\n", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}",
    ]

    /// The document, with a header if there is a row.
    public let text: String

    public init(_ rows: [[ReportField]]) {
        let header = rows.first?.map { Self.quoted($0.name) }
        let lines = rows.map { row in
            row.map { field in
                switch field.value {
                case .text(let text): Self.quoted(text)
                case .number(let figure): figure
                case .none: ""
                }
            }
        }
        text = ((header.map { [$0] } ?? []) + lines)
            .map { $0.joined(separator: ",") + "\r\n" }.joined()
    }

    private static func quoted(_ text: String) -> String {
        let first = text.unicodeScalars.first { $0 != " " }
        let isFormula = first.map(formulaBeginnings.contains) ?? false
        let doubled = text.split(separator: "\"", omittingEmptySubsequences: false)
            .joined(separator: "\"\"")
        return "\"" + (isFormula ? "'" : "") + doubled + "\""
    }
}
