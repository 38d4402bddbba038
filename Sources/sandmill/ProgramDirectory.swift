import Foundation
import SandmillEntity
import SandmillService

/// A directory of programs: each `NAME.py`, or what else names a runtime, with `NAME.in` and the files of `NAME/`.
struct ProgramDirectory {
    private let root: URL

    init(_ path: String) throws(Failure) {
        root = URL(filePath: path, directoryHint: .isDirectory)
    }

    /// Whether there is a directory at `path`.
    static func isDirectory(_ path: String) -> Bool {
        let values = try? URL(filePath: path).resourceValues(forKeys: [.isDirectoryKey])
        return values?.isDirectory == true
    }

    /// A request for each program, in the order of their names, labelled with its name.
    func drafts() throws -> [RequestDraft] {
        let names = try FileManager.default.contentsOfDirectory(atPath: root.path)
            .filter { Runtime.ofFile($0) != nil }.sorted()
        guard !names.isEmpty else {
            throw Failure(.wrongInput, "\(root.path): there is no *.py, nor another program")
        }
        return try names.map(draft)
    }

    private func draft(_ program: String) throws -> RequestDraft {
        let name = URL(filePath: program).deletingPathExtension().lastPathComponent
        var draft = RequestDraft(
            entrypoint: program,
            files: [
                RequestDraft.File(
                    path: program,
                    content: try Input.read(root.appending(path: program).path)
                )
            ] + (try files(below: name))
        )
        let input = root.appending(path: "\(name).in").path
        if FileManager.default.fileExists(atPath: input) {
            draft.setStdin(try Input.read(input))
        }
        draft.labels["program"] = name
        return draft
    }

    private func files(below name: String) throws -> [RequestDraft.File] {
        let directory = root.appending(path: name)
        let paths =
            FileManager.default.enumerator(atPath: directory.path)?
            .compactMap { $0 as? String }.sorted() ?? []
        return try paths.compactMap { path in
            let file = directory.appending(path: path)
            let values = try file.resourceValues(forKeys: [.isRegularFileKey])
            guard values.isRegularFile == true else { return nil }
            return RequestDraft.File(path: path, content: try Input.read(file.path))
        }
    }
}
