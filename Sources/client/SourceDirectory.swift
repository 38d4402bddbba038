internal import Foundation
internal import SandmillEntity
internal import SandmillService

/// A directory as a command reads it, without following links.
public struct SourceDirectory: Sendable {
    /// What an entry is, by itself.
    public enum Kind: Equatable, Sendable {
        case file
        case directory
        case link
        /// A pipe, a socket, a device: to read it could last for ever.
        case other
    }

    /// A name in the directory.
    public struct Entry: Equatable, Sendable {
        let name: String
        let kind: Kind
    }

    /// What is not even read; any message is shorter.
    private static let longestFile: Int64 = 64 << 20

    /// Where it is.
    public let path: String

    /// The directory at `path`.
    public init(_ path: String) {
        self.path = path
    }

    /// Whether there is a directory at `path`.
    public static func isDirectory(_ path: String) -> Bool {
        let values = try? URL(filePath: path).resourceValues(forKeys: [.isDirectoryKey])
        return values?.isDirectory == true
    }

    /// Whether there is a regular file at `path`, or a link to one.
    public static func isFile(_ path: String) -> Bool {
        let target = URL(filePath: path).resolvingSymlinksInPath().path
        let attributes = try? FileManager.default.attributesOfItem(atPath: target)
        return attributes?[.type] as? FileAttributeType == .typeRegular
    }

    /// The path of an entry.
    public func path(_ name: String) -> String {
        path.hasSuffix("/") ? path + name : "\(path)/\(name)"
    }

    /// Its entries by name, with the numbers in them by value, without those that are hidden.
    public func entries() throws(ClientError) -> [Entry] {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            throw ClientError(.wrongInput, "\(path): cannot be read")
        }
        return names.filter { !$0.hasPrefix(".") }
            .sorted(by: String.precedes)
            .map { Entry(name: $0, kind: kind(of: $0)) }
    }

    /// Reads a file, unless it is longer than any request may be.
    public func read(_ name: String) throws(ClientError) -> [UInt8] {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path(name))
        let size = (attributes?[.size] as? NSNumber)?.int64Value ?? 0
        guard size <= Self.longestFile else {
            throw ClientError(
                .wrongInput,
                "\(path(name)): \(size) bytes are more than a request may have"
            )
        }
        return try Input.read(path(name))
    }

    /// All files below a subdirectory, by their paths in it.
    public func files(
        below name: String,
        noting omissions: inout [String]
    ) throws(ClientError) -> [RequestDraft.File] {
        var files: [RequestDraft.File] = []
        try SourceDirectory(path(name)).collect(into: &files, under: "", noting: &omissions)
        return files
    }

    private func collect(
        into files: inout [RequestDraft.File],
        under prefix: String,
        noting omissions: inout [String]
    ) throws(ClientError) {
        for entry in try entries() {
            let place = prefix + entry.name
            switch entry.kind {
            case .file:
                files.append(RequestDraft.File(path: place, content: try read(entry.name)))
            case .directory:
                try SourceDirectory(path(entry.name)).collect(
                    into: &files,
                    under: place + "/",
                    noting: &omissions
                )
            case .link, .other:
                omissions.append("\(path(entry.name)) is no regular file")
            }
        }
    }

    private func kind(of name: String) -> Kind {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path(name))
        switch attributes?[.type] as? FileAttributeType {
        case .typeRegular: return .file
        case .typeDirectory: return .directory
        case .typeSymbolicLink: return .link
        default: return .other
        }
    }
}

extension String {
    /// Whether a name comes before another: numbers by their value, then byte by byte, so that there
    /// is one order for all names.
    public static func precedes(_ first: String, _ second: String) -> Bool {
        switch first.compare(second, options: .numeric) {
        case .orderedAscending: true
        case .orderedDescending: false
        case .orderedSame: first.utf8.lexicographicallyPrecedes(second.utf8)
        }
    }
}
