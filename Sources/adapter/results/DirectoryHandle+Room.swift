internal import CLinux
internal import Glibc
internal import SandmillEntity
internal import SandmillService

extension DirectoryHandle {
    /// What is used and what is free of its file system.
    func volume() throws(ResultsError) -> ResultsVolume {
        let status = try fileSystem()
        func bytes(_ blocks: fsblkcnt_t) -> ByteCount {
            let (product, isMore) = UInt64(blocks)
                .multipliedReportingOverflow(by: UInt64(status.f_frsize))
            return ByteCount(isMore ? Int64.max : Int64(clamping: product))
        }
        return ResultsVolume(
            used: bytes(status.f_blocks - min(status.f_bfree, status.f_blocks)),
            free: bytes(status.f_bavail)
        )
    }

    /// Checks that its file system has room for so many bytes and files.
    func checkRoom(for bytes: ByteCount, files: Int) throws(ResultsError) {
        let free = try volume().free
        guard free >= bytes else {
            throw ResultsError(
                "the results directory has room for \(free.bytes) bytes, and results need \(bytes.bytes)"
            )
        }
        let status = try fileSystem()
        // A file system that bounds no number of files counts none.
        guard status.f_files == 0 || status.f_favail >= UInt64(files) else {
            throw ResultsError(
                "the results directory has room for \(status.f_favail) files, and results need \(files)"
            )
        }
    }

    private func fileSystem() throws(ResultsError) -> statvfs {
        var status = statvfs()
        guard unsafe fstatvfs(descriptor, &status) == 0 else {
            throw ResultsError(errno, path: ".")
        }
        return status
    }

    /// Has room set apart for a file that is there, which is how a quota shows (fallocate(2)); does
    /// nothing where the file system cannot.
    func allocate(_ size: ByteCount, for path: [UInt8]) throws(ResultsError) {
        guard size > .zero else { return }
        let directory = descriptor
        let flags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW
        let file = unsafe Self.withPath(path) { unsafe openat(directory, $0, flags) }
        guard file >= 0 else { throw ResultsError(errno, path: path) }
        defer { close(file) }
        while fallocate(file, 0, 0, Int(clamping: size.bytes)) != 0 {
            if errno == EOPNOTSUPP { return }
            guard errno == EINTR else { throw ResultsError(errno, path: path) }
        }
    }
}
