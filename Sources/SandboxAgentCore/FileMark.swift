internal import Glibc

/// What tells whether a file is still as the agent wrote it.
///
/// The agent sets the time of modification itself, to the nanosecond: the kernel's own times may
/// be as coarse as a scheduler tick, within which a short program can start and rewrite its input.
struct FileMark: Equatable {
    private let inode: UInt64
    private let size: Int64
    private let modified: Time
    private let changed: Time

    /// A program can set the time of modification to anything, also to before 1970.
    private struct Time: Equatable {
        let seconds: Int
        let nanoseconds: Int

        init(_ time: timespec) {
            seconds = time.tv_sec
            nanoseconds = time.tv_nsec
        }
    }

    /// Takes the mark of a status.
    init(_ status: stat) {
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        modified = Time(status.st_mtim)
        changed = Time(status.st_ctim)
    }

    /// Marks an open file that has all its content.
    init(marking file: borrowing Descriptor) throws(SystemError) {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        try check(unsafe futimens(file.number, [now, now]), "futimens")
        self.init(try file.status())
    }
}
