internal import FoundationEssentials
internal import SandmillEntity
public import SandmillService
internal import Threads

/// The output streams in a results directory, as any host that shares it reads them.
///
/// The root and the file are opened anew for each read. So a root that is moved, mounted or replaced
/// is followed, as those do who write there. On NFS that is what shows the writes of another host
/// (close-to-open consistency), and no follower holds a descriptor. File I/O happens on a thread of
/// its own.
public actor OutputFiles: OutputSource {
    private let executor = ThreadExecutor(name: "output")
    private let rootPath: String

    /// The actor's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// Reads from the directory, which must be there.
    public init(root path: String) throws(ResultsError) {
        _ = try DirectoryHandle(existing: path)
        rootPath = path
    }

    /// Opens the root as it is now.
    func openRoot() throws(ResultsError) -> DirectoryHandle {
        try DirectoryHandle(existing: rootPath)
    }

    /// Reads from the staging area of the attempt's worker, or from the attempt's directory.
    public func read(
        _ stream: SandboxOutput.Stream,
        at place: OutputLocation,
        from offset: Int,
        limit: Int
    ) throws(ResultsError) -> [UInt8]? {
        let path = "\(try directory(of: place))/\(ResultsLayout.file(of: stream))"
        guard let path = OutputPath(Array(path.utf8)) else {
            throw ResultsError("\"\(path)\" is no path below the results directory")
        }
        return try openRoot().read(path.components[...], from: offset, limit: limit)
    }

    private func directory(of place: OutputLocation) throws(ResultsError) -> String {
        switch place {
        case .staged(let execution, let attempt, let worker):
            guard Name.isValid(worker) else {
                throw ResultsError("\"\(worker)\" is no worker's name")
            }
            let name = ResultsLayout.stagedName(execution, attempt: attempt)
            return "\(ResultsLayout.stagingArea(of: worker))/\(name)"
        case .published(let path):
            return path
        }
    }
}
