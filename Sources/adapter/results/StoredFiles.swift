internal import FoundationEssentials
internal import S3
public import SandmillEntity
public import SandmillService

/// The files of results that may be in a bucket: those below the root of this host, or else those in the bucket.
public struct StoredFiles: ResultFiles, OutputSource {
    private let local: OutputFiles?
    private let bucket: ResultsBucket
    private let mayBeSpooled: Bool
    private let linkLifetime: Duration?

    /// Reads from both.
    ///
    /// - Parameters:
    ///   - local: The directory of this host; nil where it has none.
    ///   - bucket: The bucket.
    ///   - mayBeSpooled: Whether a worker may still have what is neither here nor there.
    ///   - linkLifetime: For how long who asks for a file may read it from the bucket; nil where it is read for them.
    public init(
        local: OutputFiles?,
        bucket: ResultsBucket,
        mayBeSpooled: Bool,
        linkLifetime: Duration?
    ) {
        self.local = local
        self.bucket = bucket
        self.mayBeSpooled = mayBeSpooled
        self.linkLifetime = linkLifetime
    }

    /// More than of a disk, for each read is a request.
    public var piece: Int { 1 << 20 }

    /// How long a file is.
    ///
    /// - Throws: ``ResultsError`` also for one that a worker may still upload.
    public func size(of file: ResultFile, at path: String) async throws(ResultsError) -> ByteCount?
    {
        if let local, let size = try? await local.size(of: file, at: path) { return size }
        if let size = try await bucket.size(of: try key(of: file, at: path)) { return size }
        // Of what was uploaded in between there is something now.
        if !mayBeSpooled { return nil }
        throw ResultsError("\"\(path)\" is not in the bucket; a worker may still have it")
    }

    /// Reads a piece of a file.
    public func read(
        _ file: ResultFile,
        at path: String,
        from offset: Int,
        limit: Int
    ) async throws(ResultsError) -> [UInt8]? {
        if let local,
            let bytes = try? await local.read(file, at: path, from: offset, limit: limit)
        {
            return bytes
        }
        return try await bucket.read(try key(of: file, at: path), from: offset, limit: limit)
    }

    /// Reads from the staging area of a worker that shares the directory, or from the attempt's place.
    public func read(
        _ stream: SandboxOutput.Stream,
        at place: OutputLocation,
        from offset: Int,
        limit: Int
    ) async throws(ResultsError) -> [UInt8]? {
        switch place {
        case .staged:
            try await local?.read(stream, at: place, from: offset, limit: limit)
        case .published(let path):
            try await read(.stream(stream), at: path, from: offset, limit: limit)
        }
    }

    /// Where whoever asks for a file may read it; nil for what is here.
    public func link(
        to file: ResultFile,
        at path: String,
        disposition: String
    ) async throws(ResultsError) -> String? {
        guard let linkLifetime else { return nil }
        if let local, (try? await local.size(of: file, at: path)) != nil { return nil }
        return bucket.bucket.link(
            to: try key(of: file, at: path),
            for: linkLifetime,
            fields: [
                // A program wrote it, and no browser may take it for anything that it would run.
                "content-type": "application/octet-stream",
                "content-disposition": disposition,
                "cache-control": "private, max-age=31536000, immutable",
            ]
        )
    }

    /// Checks that the bucket answers.
    public func checkReadable() async throws(ResultsError) {
        try await bucket.checkReadable()
    }

    private func key(of file: ResultFile, at path: String) throws(ResultsError) -> String {
        guard
            let place = OutputPath(
                Array("\(path)/".utf8) + file.components.joined(separator: [UInt8(ascii: "/")])
            )
        else { throw ResultsError("\"\(path)\" is no path in the bucket") }
        return "\(path)/\(place.text.dropFirst(path.utf8.count + 1))"
    }
}
