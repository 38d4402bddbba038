public import SandmillEntity
public import SandmillService

/// The files of results, read like the streams: opened anew for each piece, below the root, no
/// component of the path a link.
extension OutputFiles: ResultFiles {
    /// How long a file is.
    public func size(
        of file: ResultFile,
        at path: String
    ) throws(ResultsError) -> ByteCount? {
        try openRoot().size(try components(of: file, at: path)).map { ByteCount($0) }
    }

    /// Reads a piece of a file.
    public func read(
        _ file: ResultFile,
        at path: String,
        from offset: Int,
        limit: Int
    ) throws(ResultsError) -> [UInt8]? {
        try openRoot().read(try components(of: file, at: path), from: offset, limit: limit)
    }

    /// Opens the root anew, which may have been unmounted.
    public func checkReadable() throws(ResultsError) {
        _ = try openRoot()
    }

    private func components(
        of file: ResultFile,
        at path: String
    ) throws(ResultsError) -> ArraySlice<[UInt8]> {
        guard let directory = OutputPath(Array(path.utf8)) else {
            throw ResultsError("\"\(path)\" is no path below the results directory")
        }
        return (directory.components + file.components)[...]
    }
}

extension ResultFile {
    /// Where it lies in the directory of its attempt.
    var components: [[UInt8]] {
        switch self {
        case .stream(let stream): [Array(ResultsLayout.file(of: stream).utf8)]
        case .output(let file): [Array("files".utf8)] + file.components
        case .ofCase(let place, let file):
            [Array("cases".utf8), Array("\(place)".utf8)] + file.components
        }
    }
}
