internal import Foundation
internal import SandmillEntity
internal import SandmillService

/// A file with a row for each member of a batch, for a spreadsheet or a program.
public struct BatchReport: Sendable {
    /// How it is written.
    public enum Format: String, CaseIterable, Sendable {
        /// RFC 4180, with a header.
        case csv
        /// An array of objects.
        case json
        /// JUnit's, as build servers read it: a suite a member, a test a case.
        case junit = "xml"
        /// A table in Markdown.
        case markdown = "md"
    }

    private let path: String
    private let format: Format

    /// A report at `path`, whose ending says the format.
    ///
    /// There is none on standard output, which has the result documents or the table.
    ///
    /// - Throws: ``ClientError`` for another ending, and for a place where no file can be made, so that
    ///   it is known before a batch runs.
    public init(_ path: String) throws(ClientError) {
        let ending = URL(filePath: path).pathExtension.lowercased()
        guard let format = Format(rawValue: ending) else {
            throw ClientError(
                .wrongUsage,
                "--report \(path): the name has to end in .csv, .json, .xml or .md"
            )
        }
        let directory = URL(filePath: path).deletingLastPathComponent().path
        guard SourceDirectory.isDirectory(directory),
            FileManager.default.isWritableFile(atPath: directory),
            !SourceDirectory.isDirectory(path)
        else { throw ClientError(.cannotCreate, "--report \(path): no file can be made there") }
        self.path = path
        self.format = format
    }

    /// Writes it, in place of what was there: all of it, or nothing.
    public func write(_ rows: [MemberRow]) throws(ClientError) {
        let text =
            switch format {
            case .csv: Self.csv(rows)
            case .json: Self.json(rows)
            case .junit: JUnitReport(rows).text
            case .markdown: MarkdownReport(rows).text
            }
        do {
            try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw ClientError(.cannotCreate, "--report \(path): \(error.localizedDescription)")
        }
    }

    /// A table for spreadsheets, which need a byte order mark to see that it is UTF-8.
    ///
    /// Where all of it is ASCII there is none, which would only be in a program's way.
    private static func csv(_ rows: [MemberRow]) -> String {
        let fields = rows.reportFields
        guard let columns = fields.first?.map(\.name) else { return "" }
        let text = CSVTable(columns, rows: fields.map { $0.map(\.value) }).text
        return (text.utf8.allSatisfy { $0 < 0x80 } ? "" : "\u{FEFF}") + text
    }

    /// A row an object on a line of its own, its fields in the order of the columns.
    private static func json(_ rows: [MemberRow]) -> String {
        let lines = rows.reportFields.map { fields in
            "  {" + fields.map { "\($0.name.json): \($0.value.json)" }.joined(separator: ", ") + "}"
        }
        return rows.isEmpty ? "[]\n" : "[\n" + lines.joined(separator: ",\n") + "\n]\n"
    }
}

/// A column of a row.
struct ReportField: Equatable {
    let name: String
    let value: CSVTable.Value
}

extension CSVTable.Value {
    fileprivate var json: String {
        switch self {
        case .text(let text): text.json
        case .number(let figure): figure
        case .none: "null"
        }
    }
}

extension String {
    fileprivate var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        let data = try? encoder.encode(self)
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "null"
    }
}

extension [MemberRow] {
    /// The rows as a report has them: a column a case behind what all rows have in front, the others last.
    ///
    /// A case's column has what it earned, or without points its verdict.
    fileprivate var reportFields: [[ReportField]] {
        var seen: Set<String> = []
        let cases = flatMap { $0.cases.map(\.name) }.filter { seen.insert($0).inserted }
        return map { row in
            let own = Dictionary(row.cases.map { ($0.name, $0) }) { first, _ in first }
            let columns = cases.map { name in
                ReportField(name: "case \(name)", value: own[name]?.value ?? .none)
            }
            return row.summaryFields + columns + row.figureFields
        }
    }
}

extension MemberRow.Case {
    fileprivate var value: CSVTable.Value {
        points.map { .number($0.earned.shown) } ?? .text(verdict)
    }
}

extension MemberRow {
    /// What the row says first.
    fileprivate var summaryFields: [ReportField] {
        [
            ReportField(name: "name", value: .text(name)),
            ReportField(name: "verdict", value: .text(verdict.words)),
            ReportField(name: "score", value: .init(number: points?.earned.shown)),
            ReportField(name: "points", value: .init(number: points?.possible.shown)),
            ReportField(name: "cases_accepted", value: .init(number: score?.accepted)),
            ReportField(name: "cases", value: .init(number: score?.cases)),
        ]
    }

    /// What else is known.
    fileprivate var figureFields: [ReportField] {
        [
            ReportField(name: "state", value: .init(text: state?.printable)),
            ReportField(name: "reason", value: .init(text: reason?.printable)),
            ReportField(name: "exit_code", value: .init(number: exitCode)),
            ReportField(name: "signal", value: .init(number: signal)),
            ReportField(name: "wall_seconds", value: .init(number: wallSeconds)),
            ReportField(name: "cpu_seconds", value: .init(number: cpuSeconds)),
            ReportField(name: "memory_peak_bytes", value: .init(number: memory?.bytes)),
            ReportField(name: "id", value: .init(text: id?.text)),
            ReportField(name: "results_path", value: .init(text: resultsPath?.printable)),
        ]
    }
}
