import Glibc

@testable import SandboxAgentCore

/// A directory that is gone, with all that is in it, when its owner is.
final class TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/sandbox-agent-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw SystemError("mkdtemp") }
        path = unsafe template.withUnsafeBufferPointer { bytes in
            unsafe bytes.baseAddress.map { unsafe String(cString: $0) } ?? ""
        }
    }

    deinit {
        try? WritablePlace(path: path).empty()
        _ = unsafe rmdir(path)
    }

    /// The names in it.
    func names() throws -> [String] {
        let directory = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY)
        return try DirectoryListing(of: directory).names.map { String(decoding: $0, as: UTF8.self) }
            .sorted()
    }

    /// Creates a file below it.
    func write(_ name: String, _ content: String = "") throws {
        let file = try Descriptor(
            unsafe open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o644),
            "open \(name)"
        )
        try file.writeAll(Array(content.utf8)[...])
    }

    /// Creates a directory below it.
    func makeDirectory(_ name: String) throws {
        try check(unsafe mkdir("\(path)/\(name)", 0o755), "mkdir \(name)")
    }

    /// Creates a symbolic link below it.
    func link(_ name: String, to target: String) throws {
        try check(unsafe symlink(target, "\(path)/\(name)"), "symlink \(name)")
    }

    /// Creates a FIFO below it.
    func makeFIFO(_ name: String) throws {
        try check(unsafe mkfifo("\(path)/\(name)", 0o600), "mkfifo \(name)")
    }
}
