internal import Foundation
internal import SandmillEntity
internal import SandmillService

/// A directory of inputs for one program: each file is what one execution reads, called by its name.
public struct InputDirectory: Sendable {
    private let directory: SourceDirectory

    /// The directory at `path`.
    public init(_ path: String) {
        directory = SourceDirectory(path)
    }

    /// A copy of `request` for each input.
    ///
    /// The inputs are the user's own, so a link to a file is as good as the file. Directories are
    /// passed over.
    public func requests(
        _ request: RequestDraft
    ) throws(ClientError) -> [(name: String, request: RequestDraft)] {
        guard SourceDirectory.isDirectory(directory.path) else {
            throw ClientError(.wrongInput, "\(directory.path): not a directory of inputs")
        }
        var requests: [(name: String, request: RequestDraft)] = []
        for entry in try directory.entries() {
            let path = directory.path(entry.name)
            guard !SourceDirectory.isDirectory(path) else { continue }
            guard SourceDirectory.isFile(path) else {
                throw ClientError(.wrongInput, "\(path): no regular file")
            }
            var copy = request
            copy.setStdin(try Input.read(path))
            copy.labels[BatchLabel.input] = entry.name
            requests.append((entry.name, copy))
        }
        guard !requests.isEmpty else {
            throw ClientError(.wrongInput, "\(directory.path): there is no input")
        }
        return requests
    }
}
