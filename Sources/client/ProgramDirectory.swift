internal import Foundation
internal import SandmillEntity
internal import SandmillService

/// A directory of programs, each of which is one execution, called as its file or directory is.
///
/// - `NAME.py`, or what else names a runtime, with `NAME.in` and the files of the directory `NAME`;
/// - a directory with an entrypoint, such as `NAME/main.py`, and all files that are in it.
///
/// What is in it may be a stranger's, so no link is followed: it could lead to any file of whoever
/// submits it. Names that begin with a point are passed over; whatever else is no program is left out by name.
public struct ProgramDirectory: Sendable {
    /// What was found.
    public struct Content: Sendable {
        /// The programs, by their names, with the numbers in them by value.
        public var programs: [(name: String, request: RequestDraft)]
        /// The entries that are no programs, or none that can be run.
        public var leftOut: [LeftOut] = []
        /// What of a program was left out, and why, a line each.
        public var omissions: [String] = []

        /// Begins with programs.
        public init(programs: [(name: String, request: RequestDraft)] = []) {
            self.programs = programs
        }
    }

    /// An entry that is not run.
    public struct LeftOut: Equatable, Sendable {
        /// Its name in the directory.
        public var name: String
        /// Why.
        public var reason: String
    }

    private let root: SourceDirectory
    private let entrypoint: String?
    private let runtime: String?
    private let runtimes: [String]?

    /// - Parameters:
    ///   - path: The directory.
    ///   - entrypoint: What is started of each subdirectory; nil for the `main` of any runtime.
    ///   - runtime: What runs the programs; nil for what their names say.
    ///   - runtimes: What the pool runs, where that is known; a program for another is left out.
    public init(
        _ path: String,
        entrypoint: String? = nil,
        runtime: String? = nil,
        runtimes: [String]? = nil
    ) {
        root = SourceDirectory(path)
        self.entrypoint = entrypoint
        self.runtime = runtime
        self.runtimes = runtimes
    }

    /// Reads it.
    public func content() throws(ClientError) -> Content {
        var content = Content()
        let entries = try root.entries()
        let programs = entries.filter { Runtime.ofFile($0.name) != nil && $0.kind != .directory }
        let stems = Set(programs.map { $0.name.stem })
        for entry in entries {
            do throws(Misfit) {
                switch entry.kind {
                case .file where Runtime.ofFile(entry.name) != nil:
                    let program = try program(entry.name, among: entries, in: &content)
                    content.programs.append(program)
                case .file:
                    let isInput = entry.name.hasSuffix(".in") && stems.contains(entry.name.stem)
                    guard !isInput else { continue }
                    throw .leftOut("no program: what runs it does not follow from its name")
                case .directory where !stems.contains(entry.name):
                    content.programs.append((entry.name, try submission(entry.name, &content)))
                case .directory: continue
                case .link, .other: throw .leftOut("no regular file")
                }
            } catch {
                switch error {
                case .leftOut(let reason):
                    content.leftOut.append(LeftOut(name: entry.name, reason: reason))
                case .failure(let failure): throw failure
                }
            }
        }
        try check(content)
        return content
    }

    /// Why an entry is no program.
    private enum Misfit: Error {
        case leftOut(String)
        /// That of the whole directory.
        case failure(ClientError)
    }

    private func read(_ name: String) throws(Misfit) -> [UInt8] {
        do throws(ClientError) { return try root.read(name) } catch { throw .failure(error) }
    }

    private func checkRuntime(_ name: String?) throws(Misfit) {
        guard let runtimes, let name, !runtimes.contains(name) else { return }
        throw .leftOut("this pool runs \(runtimes.joined(separator: ", "))")
    }

    private func check(_ content: Content) throws(ClientError) {
        guard !content.programs.isEmpty else {
            let entrypoints = entrypoint ?? "main.py or the like"
            let leftOut = content.leftOut.map { "\(root.path($0.name)): \($0.reason)" }
            throw ClientError(
                .wrongInput,
                "\(root.path): there is no *.py, nor another program, nor a directory with "
                    + ([entrypoints] + leftOut).joined(separator: "\n")
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
        in content: inout Content
    ) throws(Misfit) -> (name: String, request: RequestDraft) {
        try checkRuntime(runtime ?? Runtime.ofFile(file)?.name)
        let name = file.stem
        var files = [RequestDraft.File(path: file, content: try read(file))]
        if entries.contains(where: { $0.name == name && $0.kind == .directory }) {
            files += try self.files(below: name, &content)
        }
        var request = RequestDraft(entrypoint: file, files: files)
        if entries.contains(where: { $0.name == "\(name).in" && $0.kind == .file }) {
            request.setStdin(try read("\(name).in"))
        }
        return (name, finished(request, name: name))
    }

    private func files(
        below name: String,
        _ content: inout Content
    ) throws(Misfit) -> [RequestDraft.File] {
        do throws(ClientError) {
            return try root.files(below: name, noting: &content.omissions)
        } catch {
            throw .failure(error)
        }
    }

    /// A subdirectory as a program.
    private func submission(_ name: String, _ content: inout Content) throws(Misfit) -> RequestDraft
    {
        let known = Runtime.given.filter { runtimes?.contains($0.name) ?? true }
        let usual = (known.isEmpty ? Runtime.given : known).map(\.entrypoint)
        let candidates = entrypoint.map { [$0] } ?? usual
        let files = try files(below: name, &content)
        func starts(_ candidates: [String]) -> [String] {
            candidates.filter { candidate in files.contains { $0.path == candidate } }
        }
        let found = starts(candidates)
        guard let start = found.first else {
            if entrypoint == nil, let other = starts(Runtime.given.map(\.entrypoint)).first {
                try checkRuntime(Runtime.ofFile(other)?.name)
            }
            throw .leftOut("there is no \(candidates.joined(separator: ", "))")
        }
        guard found.count == 1 else {
            throw .leftOut(
                "which is started, \(found.joined(separator: " or "))? Say so by --entrypoint"
            )
        }
        let request = RequestDraft(entrypoint: start, files: files)
        guard runtime ?? request.runtime != nil else {
            throw .leftOut("what runs \(start) does not follow from its name; say so by --runtime")
        }
        try checkRuntime(runtime ?? request.runtime)
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
