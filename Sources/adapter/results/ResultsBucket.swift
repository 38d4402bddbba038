internal import FoundationEssentials
public import S3
internal import SandmillEntity
public import SandmillService

/// Results in a bucket: an object a file, with the path of the file below the root as its key.
///
/// A file has the name in it that documents give it (``OutputPath/text``), which is text without control characters
/// whatever the program called it, as keys have to be.
public struct ResultsBucket: Sendable {
    /// How many requests go on at once for one result.
    private static let width = 8

    let bucket: Bucket

    /// Describes a bucket; nothing is sent yet.
    public init(_ settings: Bucket.Settings) {
        bucket = Bucket(settings)
    }

    /// The most bytes that the text of a path below the root may have.
    public var pathLimit: Int { Bucket.keyLimit - bucket.settings.prefix.utf8.count }

    /// Checks that it answers, to those who read.
    public func checkReadable() async throws(ResultsError) {
        _ = try await telling { () async throws(S3Error) in
            try await bucket.size(of: Self.probe)
        }
    }

    /// Checks that something can be put into it and removed again, without another try.
    public func checkWritable(by worker: String) async throws(ResultsError) {
        try await telling { () async throws(S3Error) in
            try await bucket.put("\(Self.probe)/\(worker)", [0], tries: 1)
        }
    }

    /// Checks that all can be done with it that has to be.
    public func checkUsable(by name: String) async throws(ResultsError) {
        try await checkWritable(by: name)
        let key = "\(Self.probe)/\(name)"
        let (content, listed) = try await telling { () async throws(S3Error) in
            let content = try await bucket.read(key, from: 0, limit: 1)
            return (content, try await bucket.objects(below: key).map(\.key))
        }
        guard content == [0], listed.contains(key) else {
            throw error("what was put into it is not there")
        }
        try await telling { () async throws(S3Error) in try await bucket.delete(key) }
    }

    private static let probe = ".probe"

    // MARK: - Files

    /// How long a file of an attempt is; nil when it is not there.
    func size(of key: String) async throws(ResultsError) -> ByteCount? {
        try await telling { () async throws(S3Error) in
            try await bucket.size(of: key).map { ByteCount($0) }
        }
    }

    /// Reads a piece of a file of an attempt; nil when it is not there.
    func read(_ key: String, from offset: Int, limit: Int) async throws(ResultsError) -> [UInt8]? {
        try await telling { () async throws(S3Error) in
            try await bucket.read(key, from: offset, limit: limit)
        }
    }

    /// Puts the files of an attempt, `result.json` last; false where they are gone from the spool, since somebody
    /// else has put them or nobody wants them.
    func put(_ path: String, from spool: ResultsInventory) async throws(ResultsError) -> Bool {
        guard let files = try await spool.outputs(in: path) else { return false }
        let (last, first) = (files.filter(\.isDocument), files.filter { !$0.isDocument })
        for files in [first, last] {
            let failure = await withTaskGroup(of: ResultsError?.self) { group in
                var failure: ResultsError?
                for (index, file) in files.enumerated() {
                    if index >= Self.width, let other = await group.next() { failure = other }
                    if failure != nil { break }
                    group.addTask {
                        do throws(ResultsError) {
                            try await put(file, of: path, from: spool)
                            return nil
                        } catch {
                            return error
                        }
                    }
                }
                for await other in group { failure = failure ?? other }
                return failure
            }
            guard let failure else { continue }
            // Whoever removes a result does not ask who puts it.
            guard try await spool.has(path) else { return false }
            throw failure
        }
        return true
    }

    private func put(
        _ file: OutputPath,
        of path: String,
        from spool: ResultsInventory
    ) async throws(ResultsError) {
        guard let (descriptor, size) = try await spool.open(file, in: path) else {
            throw ResultsError("\"\(path)\" has become less while it was put into the bucket")
        }
        do {
            try await bucket.put(
                "\(path)/\(file.text)",
                takingOwnershipOf: descriptor,
                size: size
            ) { try await spool.digest(of: descriptor, $0) }
        } catch {
            throw (error as? ResultsError) ?? self.error(error)
        }
    }

    /// Removes all files of an attempt.
    func remove(_ path: String) async throws(ResultsError) {
        let objects = try await telling { () async throws(S3Error) in
            try await bucket.objects(below: "\(path)/")
        }
        for start in stride(from: 0, to: objects.count, by: Self.width) {
            let failure = await withTaskGroup(of: S3Error?.self) { group in
                for object in objects[start..<min(start + Self.width, objects.count)] {
                    group.addTask {
                        do throws(S3Error) {
                            try await bucket.delete(object.key)
                            return nil
                        } catch {
                            return error
                        }
                    }
                }
                return await group.reduce(nil) { $0 ?? $1 }
            }
            if let failure { throw error(failure) }
        }
    }

    // MARK: - What is there

    /// What there is between `start` and the next `/`.
    func directories(below start: String) async throws(ResultsError) -> [String] {
        try await telling { () async throws(S3Error) in
            try await bucket.directories(below: start)
        }
    }

    /// The objects of the files whose paths begin with `start`.
    func objects(below start: String) async throws(ResultsError) -> [Bucket.Object] {
        try await telling { () async throws(S3Error) in try await bucket.objects(below: start) }
    }

    private func telling<Value>(
        _ body: () async throws(S3Error) -> Value
    ) async throws(ResultsError) -> Value {
        do throws(S3Error) {
            return try await body()
        } catch {
            throw self.error(error)
        }
    }

    private func error(_ error: any Error) -> ResultsError {
        self.error((error as? S3Error)?.message ?? "\(error)")
    }

    private func error(_ reason: String) -> ResultsError {
        ResultsError("the bucket \"\(bucket.settings.name)\": \(reason)")
    }
}

extension OutputPath {
    fileprivate var isDocument: Bool { bytes.elementsEqual("result.json".utf8) }
}
