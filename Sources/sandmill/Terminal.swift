import Foundation
import SandmillClient
import SandmillService

/// The two streams a person or another program reads.
enum Terminal {
    /// Whether a person looks at standard output.
    static var showsOutput: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Whether a person looks at standard error.
    static var showsErrors: Bool { isatty(STDERR_FILENO) == 1 }

    /// How many columns a person sees of standard output; nil when nobody looks.
    static var width: Int? { width(of: STDOUT_FILENO) }

    /// How many columns a person sees of standard error; nil when nobody looks.
    static var errorWidth: Int? { width(of: STDERR_FILENO) }

    /// How many lines a person sees of standard output; nil when nobody looks.
    static var height: Int? {
        size(of: STDOUT_FILENO).flatMap { $0.ws_row > 0 ? Int($0.ws_row) : nil }
    }

    private static func width(of stream: Int32) -> Int? {
        size(of: stream).flatMap { $0.ws_col > 0 ? Int($0.ws_col) : nil }
    }

    private static func size(of stream: Int32) -> winsize? {
        var size = winsize()
        guard isatty(stream) == 1, unsafe ioctl(stream, UInt(TIOCGWINSZ), &size) == 0 else {
            return nil
        }
        return size
    }

    /// Has the process go on where nobody reads its output any more, as in front of `| head`.
    ///
    /// That is for one which has more to do than to write, which is lost then. SIGPIPE ends others.
    static func outliveReader() {
        signal(SIGPIPE, SIG_IGN)
    }

    /// Writes bytes to standard output.
    static func write(bytes: [UInt8]) {
        try? FileHandle.standardOutput.write(contentsOf: Data(bytes))
    }

    /// Writes a line to standard output.
    static func write(_ line: String) {
        write(bytes: Array((line + "\n").utf8))
    }

    /// Writes a document to standard output: a line for programs, indented for a person.
    static func write(_ document: JSONValue) {
        write(showsOutput ? document.indented : document.line)
    }

    /// Writes a line to standard error.
    static func writeError(_ line: String) {
        writeError(bytes: Array((line + "\n").utf8))
    }

    private static func writeError(bytes: [UInt8]) {
        try? FileHandle.standardError.write(contentsOf: Data(bytes))
    }

    /// Writes bytes to one of them, exactly as they are.
    static func write(_ bytes: [UInt8], to file: FileHandle) throws(Failure) {
        do {
            try file.write(contentsOf: Data(bytes))
        } catch {
            throw Failure(.unavailable, "the output cannot be written: \(error)")
        }
    }

    /// Writes to standard error where the cursor is.
    static func redraw(_ text: String) {
        writeError(bytes: Array(("\r\u{1B}[K" + text).utf8))
    }

    /// Writes rows in columns as wide as their widest cell.
    static func write(table rows: [[String]]) {
        var widths: [Int] = []
        for row in rows {
            for (index, cell) in row.enumerated() {
                if index == widths.count { widths.append(0) }
                widths[index] = max(widths[index], cell.count)
            }
        }
        for row in rows {
            let cells = zip(row, widths).map { $0.padding(to: $1) }
            let line = cells.joined(separator: "  ")
            write(String(line.reversed().drop { $0 == " " }.reversed()))
        }
    }
}

extension String {
    /// The text with spaces behind it.
    func padding(to width: Int) -> String {
        self + String(repeating: " ", count: max(width - count, 0))
    }
}
