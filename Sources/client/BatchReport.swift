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
            throw ClientError(.wrongUsage, "--report \(path): the name has to end in .csv or .json")
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
            }
        do {
            try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw ClientError(.cannotCreate, "--report \(path): \(error.localizedDescription)")
        }
    }

    private static func csv(_ rows: [MemberRow]) -> String {
        guard let columns = rows.first?.report.map(\.name) else { return "" }
        return CSVTable(columns, rows: rows.map { $0.report.map(\.value) }).text
    }

    /// A row an object on a line of its own, its fields in the order of the columns.
    private static func json(_ rows: [MemberRow]) -> String {
        let lines = rows.map { row in
            "  {" + row.report.map { "\"\($0.name)\": \($0.value.json)" }.joined(separator: ", ")
                + "}"
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
        case .text(let text):
            let encoder = JSONEncoder()
            encoder.outputFormatting = .withoutEscapingSlashes
            let data = try? encoder.encode(text)
            return data.map { String(decoding: $0, as: UTF8.self) } ?? "null"
        case .number(let figure): return figure
        case .none: return "null"
        }
    }
}

extension MemberRow {
    /// The row as a report has it.
    var report: [ReportField] {
        [
            ReportField(name: "name", value: .text(name)),
            ReportField(name: "id", value: .text(id.text)),
            ReportField(name: "verdict", value: .text(verdict.words)),
            ReportField(name: "state", value: .init(text: state?.printable)),
            ReportField(name: "reason", value: .init(text: reason?.printable)),
            ReportField(name: "exit_code", value: .init(number: exitCode)),
            ReportField(name: "signal", value: .init(number: signal)),
            ReportField(name: "cases_accepted", value: .init(number: score?.accepted)),
            ReportField(name: "cases", value: .init(number: score?.cases)),
            ReportField(name: "wall_seconds", value: .init(number: wallSeconds)),
            ReportField(name: "cpu_seconds", value: .init(number: cpuSeconds)),
            ReportField(name: "memory_peak_bytes", value: .init(number: memory?.bytes)),
            ReportField(name: "results_path", value: .init(text: resultsPath?.printable)),
        ]
    }
}
