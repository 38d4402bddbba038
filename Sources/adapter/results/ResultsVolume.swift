public import SandmillEntity
public import SandmillService

/// The file system that results are on.
public struct ResultsVolume: Equatable, Sendable {
    /// What is used of it, by whomever.
    public var used: ByteCount
    /// What is free of it, for this user.
    public var free: ByteCount
}

extension ResultsDirectory {
    /// How full the file system is; waits for what is being written.
    public func volume() throws(ResultsError) -> ResultsVolume {
        try DirectoryHandle(existing: rootPath).volume()
    }
}

extension OutputFiles {
    /// How full the file system is.
    public func volume() throws(ResultsError) -> ResultsVolume {
        try openRoot().volume()
    }
}
