internal import CLinux
internal import Glibc
internal import SandmillEntity
internal import SandmillService

extension DirectoryHandle {
    /// Checks that its file system has room for so many bytes and files.
    func checkRoom(for bytes: ByteCount, files: Int) throws(ResultsError) {
        var status = statvfs()
        guard unsafe fstatvfs(descriptor, &status) == 0 else {
            throw ResultsError(errno, path: ".")
        }
        let (product, isMore) = UInt64(status.f_bavail)
            .multipliedReportingOverflow(by: UInt64(status.f_frsize))
        let free = isMore ? Int64.max : Int64(clamping: product)
        guard free >= bytes.bytes else {
            throw ResultsError(
                "the results directory has room for \(free) bytes, and results need \(bytes.bytes)"
            )
        }
        // A file system that bounds no number of files counts none.
        guard status.f_files == 0 || status.f_favail >= UInt64(files) else {
            throw ResultsError(
                "the results directory has room for \(status.f_favail) files, and results need \(files)"
            )
        }
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
