/// A table in Markdown, as GitHub and others show it.
struct MarkdownReport {
    private let rows: [MemberRow]

    init(_ rows: [MemberRow]) {
        self.rows = rows
    }

    /// The table, and a line that sums it up.
    var text: String {
        let header = "| program | score | verdict |\n|---|---|---|\n"
        let lines = rows.map { row in
            "| "
                + [row.name, row.mark, row.verdict.words].map(\.inMarkdown).joined(separator: " | ")
                + " |\n"
        }
        return header + lines.joined() + "\n" + rows.summary.inMarkdown + "\n"
    }
}

extension String {
    /// The text as it is, whatever Markdown or HTML it would be.
    fileprivate var inMarkdown: String {
        reduce(into: "") { text, character in
            switch character {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case "\\", "|", "`", "*", "_", "[", "]", "!", "#", "~", "@": text += "\\\(character)"
            default: text.append(character)
            }
        }
    }
}
