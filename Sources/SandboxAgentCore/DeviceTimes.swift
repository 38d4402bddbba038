internal import Glibc

/// The times of the device nodes, which any program can set to now though it owns none (utimensat(2)).
enum DeviceTimes {
    private static let paths = ["full", "null", "random", "tty", "urandom", "zero"].map {
        "/dev/" + $0
    }

    /// Makes them the same before each program, so that none tells the next one anything.
    static func reset() throws(UncleanSandbox) {
        let times = [timespec(), timespec()]
        for path in paths {
            let result = unsafe utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW)
            // Where the engine gives no such device, or none that a program could touch either.
            guard result == 0 || [ENOENT, EROFS].contains(errno) else {
                throw UncleanSandbox(what: "the times of \(path) cannot be set")
            }
        }
    }
}
