internal import FoundationEssentials
internal import Glibc
internal import Hashing
internal import SandmillEntity
internal import SandmillService

/// What is read of results that are to go to a bucket.
extension ResultsInventory {
    /// How much of a file is read at once to hash it.
    private static let piece = 1 << 20

    /// All attempts that are there, with what they take.
    func attempts() throws(ResultsError) -> [(found: FoundResult, size: ByteCount)] {
        var attempts: [(found: FoundResult, size: ByteCount)] = []
        for day in try days() {
            for execution in try executions(on: day) {
                // What is not ours has other names.
                guard UUID(text: execution) != nil else { continue }
                for found in try self.attempts(of: execution, on: day) {
                    let files = try self.files(in: found.path) ?? [:]
                    attempts.append((found, files.values.reduce(.zero) { $0 + $1 }))
                }
            }
        }
        return attempts
    }

    /// The files of an attempt, which no document need name; nil where the attempt is not there.
    func outputs(in path: String) throws(ResultsError) -> [OutputPath]? {
        guard let attempt = try openAttempt(path) else { return nil }
        var files: [OutputPath] = []
        try Self.add(&files, in: attempt, below: [])
        return files
    }

    private static func add(
        _ files: inout [OutputPath],
        in directory: borrowing DirectoryHandle,
        below prefix: [UInt8]
    ) throws(ResultsError) {
        for name in try directory.names() {
            if try directory.hasDirectory(name) {
                guard let next = try DirectoryHandle(existing: name, in: directory) else {
                    continue
                }
                try add(&files, in: next, below: prefix + name + [UInt8(ascii: "/")])
            } else if let file = OutputPath(prefix + name) {
                files.append(file)
            }
        }
    }

    /// Opens a file of an attempt, and tells its size; nil where it is not there.
    ///
    /// Whoever asks closes it.
    func open(
        _ file: OutputPath,
        in path: String
    ) throws(ResultsError) -> (descriptor: CInt, size: Int)? {
        guard let attempt = try openAttempt(path),
            let size = try attempt.size(file.components[...]),
            let descriptor = try attempt.openFile(file.components[...])
        else { return nil }
        return (descriptor, size)
    }

    /// The SHA-256 of a part of an open file.
    func digest(of descriptor: CInt, _ range: Range<Int>) throws(ResultsError) -> Digest {
        var hash = SHA256()
        var offset = range.lowerBound
        while offset < range.upperBound {
            let wanted = min(Self.piece, range.upperBound - offset)
            var code: CInt = 0
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
                let read = unsafe pread(descriptor, buffer.baseAddress, wanted, offset)
                code = read < 0 ? errno : 0
                count = max(0, read)
            }
            if code == EINTR { continue }
            guard !bytes.isEmpty else {
                throw ResultsError(code == 0 ? EIO : code, reading: ".")
            }
            hash.update(bytes)
            offset += bytes.count
        }
        return hash.finalize()
    }
}
