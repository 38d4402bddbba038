internal import FoundationEssentials
internal import SandmillService

/// The profile of every sandbox as a file, for Podman, which takes its path.
///
/// Podman has read it by the time that a container is made. So it must see the same temporary
/// directory as this process, at the same path.
struct SeccompProfileFile {
    /// Where it is.
    let path: String
    private let directory: URL

    /// Writes it to a directory of its own, where nobody else can put another in its place.
    init() throws(SandboxError) {
        let manager = FileManager.default
        let name = "sandmill-\(UUID().uuidString)"
        directory = manager.temporaryDirectory.appending(path: name, directoryHint: .isDirectory)
        path = directory.appending(path: "seccomp.json", directoryHint: .notDirectory).path
        do {
            try manager.createDirectory(
                at: directory,
                withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o755]
            )
        } catch {
            throw Self.failure(path)
        }
        let isWritten = manager.createFile(
            atPath: path,
            contents: Data(SeccompProfile.json.utf8),
            attributes: [.posixPermissions: 0o644]
        )
        guard isWritten else {
            remove()
            throw Self.failure(path)
        }
    }

    /// Removes it.
    func remove() {
        try? FileManager.default.removeItem(at: directory)
    }

    private static func failure(_ path: String) -> SandboxError {
        SandboxError(.engineUnavailable, "the seccomp profile cannot be written to \(path)")
    }
}
