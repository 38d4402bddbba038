import Foundation

/// A directory that is not there yet, and whether this user could make it.
struct MissingDirectory {
    private let path: String

    init(_ path: String) {
        self.path = path
    }

    /// Makes the first of those that are missing, and removes it again.
    func checkCreatable() throws(Failure) {
        var missing = URL(filePath: path).standardizedFileURL
        while case let parent = missing.deletingLastPathComponent(), parent != missing,
            !FileManager.default.fileExists(atPath: parent.path)
        {
            missing = parent
        }
        do {
            try FileManager.default.createDirectory(at: missing, withIntermediateDirectories: false)
            try FileManager.default.removeItem(at: missing)
        } catch {
            throw Failure(
                .cannotCreate,
                "\(path) is not there and cannot be made: \(error.localizedDescription)",
                remedy:
                    "make it for the worker's user (mkdir -p \(path); chown USER \(path)), or set results.root"
            )
        }
    }
}
