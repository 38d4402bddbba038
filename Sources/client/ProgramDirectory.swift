internal import Foundation
internal import SandmillEntity
internal import SandmillService

/// A directory of programs, each of which is one execution, called as its file or directory is.
///
/// - `NAME.py`, or what else names a runtime, with `NAME.in` and the files of the directory `NAME`;
/// - a directory with an entrypoint, such as `NAME/main.py`, and all files that are in it.
///
/// What is in it may be a stranger's, so no link is followed: it could lead to any file of whoever
/// submits it. Names that begin with a point are passed over.
public struct ProgramDirectory: Sendable {
    /// What was found.
    public struct Content: Sendable {
        /// The programs, by their names, with the numbers in them by value.
        public var programs: [(name: String, request: RequestDraft)] = []
        /// What was left out, and why, a line each.
        public var omissions: [String] = []
    }

    private let root: SourceDirectory
    private let entrypoint: String?
    private let runtime: String?

    /// - Parameters:
    ///   - path: The directory.
    ///   - entrypoint: What is started of each subdirectory; nil for the `main` of any runtime.
    ///   - runtime: What runs the programs; nil for what their names say.
    public init(_ path: String, entrypoint: String? = nil, runtime: String? = nil) {
        root = SourceDirectory(path)
        self.entrypoint = entrypoint
        self.runtime = runtime
    }

    /// Reads it.
    public func content() throws(ClientError) -> Content {
        var content = Content()
        let entries = try root.entries()
        let programs = entries.filter { Runtime.ofFile($0.name) != nil && $0.kind != .directory }
        let stems = Set(programs.map { $0.name.stem })
        for entry in entries {
            let isProgram = Runtime.ofFile(entry.name) != nil
            switch entry.kind {
            case .file where isProgram:
                content.programs.append(
                    try program(entry.name, among: entries, noting: &content.omissions)
                )
            case .directory where !stems.contains(entry.name):
                guard let draft = try submission(entry.name, noting: &content.omissions) else {
                    continue
                }
                content.programs.append((entry.name, draft))
            case .link, .other:
                content.omissions.append("\(root.path(entry.name)) is no regular file")
            case .file, .directory:
                continue
            }
        }
        try check(content)
        return content
    }

    private func check(_ content: Content) throws(ClientError) {
        guard !content.programs.isEmpty else {
            let entrypoints = entrypoint ?? "main.py or the like"
            throw ClientError(
                .wrongInput,
                "\(root.path): there is no *.py, nor another program, nor a directory with "
                    + ([entrypoints] + content.omissions).joined(separator: "\n")
            )
        }
        var files: [String: String] = [:]
        for program in content.programs {
            if let other = files.updateValue(program.request.entrypoint, forKey: program.name) {
                throw ClientError(
                    .wrongInput,
                    "\(root.path): \(other) and \(program.request.entrypoint) are both called "
                        + "\(program.name); results could not be told apart"
                )
            }
        }
    }

    private func program(
        _ file: String,
        among entries: [SourceDirectory.Entry],
        noting omissions: inout [String]
    ) throws(ClientError) -> (name: String, request: RequestDraft) {
        let name = file.stem
        var files = [RequestDraft.File(path: file, content: try root.read(file))]
        if entries.contains(where: { $0.name == name && $0.kind == .directory }) {
            files += try root.files(below: name, noting: &omissions)
        }
        var request = RequestDraft(entrypoint: file, files: files)
        if entries.contains(where: { $0.name == "\(name).in" && $0.kind == .file }) {
            request.setStdin(try root.read("\(name).in"))
        }
        return (name, finished(request, name: name))
    }

    /// A subdirectory as a program; nil, and a note, for one without an entrypoint.
    private func submission(
        _ name: String,
        noting omissions: inout [String]
    ) throws(ClientError) -> RequestDraft? {
        let candidates = entrypoint.map { [$0] } ?? Runtime.given.map(\.entrypoint)
        let files = try root.files(below: name, noting: &omissions)
        let found = candidates.filter { candidate in files.contains { $0.path == candidate } }
        guard let start = found.first else {
            let expected = candidates.joined(separator: ", ")
            omissions.append("\(root.path(name)): there is no \(expected)")
            return nil
        }
        guard found.count == 1 else {
            throw ClientError(
                .wrongInput,
                "\(root.path(name)): which is started, \(found.joined(separator: " or "))? "
                    + "Say so by --entrypoint"
            )
        }
        let request = RequestDraft(entrypoint: start, files: files)
        guard runtime ?? request.runtime != nil else {
            throw ClientError(
                .wrongInput,
                "\(root.path(name)): what runs \(start) does not follow from its name; "
                    + "say so by --runtime"
            )
        }
        return finished(request, name: name)
    }

    private func finished(_ request: RequestDraft, name: String) -> RequestDraft {
        var request = request
        request.runtime = runtime ?? request.runtime
        request.labels[BatchLabel.program] = name
        return request
    }
}

/// The labels by which a batch's members are called.
public enum BatchLabel {
    /// A program of a directory.
    public static let program = "program"
    /// An input of a directory.
    public static let input = "input"
}

extension String {
    /// A file's name without what follows its last point.
    fileprivate var stem: String {
        lastIndex(of: ".").map { String(self[..<$0]) } ?? self
    }
}
