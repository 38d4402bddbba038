/// A file that an execution left and that was kept.
public struct OutputFile: Equatable, Sendable, Codable {
    /// Its path below the working directory, see ``OutputPath``.
    public var path: String
    /// Its length.
    public var bytes: ByteCount
    /// The SHA-256 of its content, in lower-case hexadecimal.
    public var sha256: String

    /// Describes a file.
    public init(path: String, bytes: ByteCount, sha256: String) {
        self.path = path
        self.bytes = bytes
        self.sha256 = sha256
    }
}

/// A file that an execution left and that was not kept.
public struct SkippedFile: Equatable, Sendable, Codable {
    /// Why a file was not kept.
    public enum Reason: String, Codable, Sendable {
        /// A symbolic link.
        case symlink
        /// A FIFO, a socket, a device.
        case notRegular = "not_regular"
        /// More bytes than the limit had left.
        case tooLarge = "too_large"
        /// More files than the limit.
        case tooMany = "too_many"
        /// Deeper than is looked.
        case tooDeep = "too_deep"
        /// A longer path than is kept.
        case pathTooLong = "path_too_long"
        /// Another file has its path, or has a path that leads through it, or is on its way.
        case pathTaken = "path_taken"
        /// It could not be read.
        case unreadable
    }

    /// Its path, see ``OutputPath``.
    public var path: String
    /// Why it was not kept.
    public var reason: Reason

    /// Describes a file.
    public init(path: String, reason: Reason) {
        self.path = path
        self.reason = reason
    }
}
