internal import Foundation
internal import SandmillEntity
internal import SandmillService

extension RequestDraft {
    /// Reads a program and the files beside it.
    public init(files paths: [String]) throws {
        guard let program = paths.first else {
            throw ClientError(.wrongInput, "there is no program")
        }
        self.init(
            entrypoint: URL(filePath: program).lastPathComponent,
            files: try paths.map { path in
                File(path: URL(filePath: path).lastPathComponent, content: try Input.read(path))
            }
        )
    }
}
