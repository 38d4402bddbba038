internal import Foundation
internal import SandmillEntity
internal import SandmillService

/// Files that a client reads.
public enum Input {
    /// Reads a file or a pipe to its end, or standard input for `-`.
    public static func read(_ path: String) throws(ClientError) -> [UInt8] {
        let file = path == "-" ? .standardInput : FileHandle(forReadingAtPath: path)
        do {
            guard let file else { throw CocoaError(.fileReadUnknown) }
            return Array(try file.readToEnd() ?? Data())
        } catch {
            throw ClientError(.wrongInput, "\(path): cannot be read")
        }
    }

    /// Reads as ``read(_:)`` what is text for us, without the byte order mark that some editors put before it.
    public static func readText(_ path: String) throws(ClientError) -> [UInt8] {
        let bytes = try read(path)
        let mark = Array("\u{FEFF}".utf8)
        return bytes.starts(with: mark) ? Array(bytes.dropFirst(mark.count)) : bytes
    }
}
