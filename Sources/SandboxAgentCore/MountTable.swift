internal import Glibc

/// The mounts of a sandbox, as /proc/self/mountinfo lists them (proc(5)).
public struct MountTable {
    /// One mount.
    public struct Mount: Equatable {
        /// Where it is.
        public let path: String
        /// Its type of file system.
        public let type: String
        /// Whether it, and not only its file system, can be written to.
        public let isWritable: Bool
    }

    /// File systems whose entries are the kernel's, and none that a program could leave behind.
    private static let kernelTypes: Set = ["proc", "sysfs", "devpts", "cgroup", "cgroup2"]

    /// The mounts, in the order they were made.
    public let mounts: [Mount]

    /// Reads the text of a mountinfo file; lines that are not understood are errors.
    public init?(_ text: String) {
        var mounts: [Mount] = []
        for line in text.split(separator: "\n") {
            // 94 76 0:49 / /work rw,nosuid shared:1 - tmpfs tmpfs rw
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 1,
                !fields[4].contains("\\")
            else { return nil }
            mounts.append(
                Mount(
                    path: String(fields[4]),
                    type: String(fields[dash + 1]),
                    isWritable: fields[5].split(separator: ",").contains("rw")
                )
            )
        }
        self.mounts = mounts
    }

    /// Reads the mounts of this process.
    static func current() throws(SystemError) -> MountTable {
        let file = try Descriptor(opening: "/proc/self/mountinfo", O_RDONLY)
        var text: [UInt8] = []
        while case .bytes(let bytes) = file.read() { text += bytes }
        guard let table = MountTable(String(decoding: text, as: UTF8.self)) else {
            throw SystemError("read the mounts", code: EINVAL)
        }
        return table
    }

    /// Takes from programs the right to write to directories in which others are mounted, since
    /// those can never be emptied.
    ///
    /// With control groups of version 1, crun leaves /sys/fs/cgroup so.
    func protectParents() throws(SystemError) {
        for mount in mounts where mount.isWritable && !Self.kernelTypes.contains(mount.type) {
            guard mounts.contains(where: { $0.path.hasPrefix(mount.path + "/") }) else { continue }
            var status = stat()
            try check(unsafe lstat(mount.path, &status), "lstat \(mount.path)")
            guard status.st_mode & S_IWOTH != 0 else { continue }
            try check(unsafe chmod(mount.path, status.st_mode & 0o755), "chmod \(mount.path)")
        }
    }

    /// The directories that every user can write to, all that a program can leave something in,
    /// without the one at `path`.
    ///
    /// The root itself must not be one of the writable mounts, since nobody knows what is below it.
    func writablePlaces(besides path: String) throws(SystemError) -> [WritablePlace] {
        var places: [WritablePlace] = []
        for mount in mounts where mount.isWritable && !Self.kernelTypes.contains(mount.type) {
            guard mount.path != "/" else {
                throw SystemError("the root file system must be read-only", code: EPERM)
            }
            var status = stat()
            try check(unsafe lstat(mount.path, &status), "lstat \(mount.path)")
            guard status.st_mode & S_IFMT != S_IFCHR, status.st_mode & S_IWOTH != 0 else {
                continue
            }
            if mount.path != path { places.append(try WritablePlace(path: mount.path)) }
        }
        return places
    }
}
