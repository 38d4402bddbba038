internal import CSandboxAgent
internal import Glibc

/// The directory a program starts in: its files are put here, and its output is found here.
final class WorkingDirectory {
    /// The open directory.
    let directory: Descriptor

    /// Opens it, for every user to write to; it stays root's, so that none can change its mode, and
    /// it is sticky, so that none can give it attributes that stay (xattr(7)).
    init(path: String) throws(SystemError) {
        directory = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        try setWritable(true)
    }

    /// Lets every user create files in it, or nobody but its owners in the directories below.
    func setWritable(_ isWritable: Bool) throws(SystemError) {
        try check(fchmod(directory.number, isWritable ? 0o1777 : 0o755), "chmod /work")
    }

    /// Creates a file, and the directories above it, all owned by `owner`.
    ///
    /// Neither a link nor a `..` is followed, wherever it comes from.
    func create(_ path: String, owner: uid_t) throws(SystemError) -> Descriptor {
        try createParents(of: path, owner: owner)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
        let file = try Descriptor(
            unsafe sandbox_open_beneath(directory.number, path, flags, 0o644),
            "create \(path)"
        )
        try check(fchown(file.number, owner, owner), "chown \(path)")
        return file
    }

    /// An unlinked file that only the agent can reach.
    func createSpool() throws(SystemError) -> Descriptor {
        try Descriptor(sandbox_open_unnamed(directory.number), "open a spool")
    }

    private func createParents(of path: String, owner: uid_t) throws(SystemError) {
        let parents = path.utf8
            .split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .dropLast().map { String(Substring($0)) }
        if parents.isEmpty { return }
        var parent = try directory.duplicate()
        for (index, name) in parents.enumerated() {
            let created = unsafe mkdirat(parent.number, name, 0o755) == 0
            guard created || errno == EEXIST else { throw SystemError("mkdir \(path)") }
            parent = try Descriptor(
                unsafe sandbox_open_beneath(
                    directory.number,
                    parents[...index].joined(separator: "/"),
                    O_RDONLY | O_DIRECTORY | O_CLOEXEC,
                    0
                ),
                "open the directory of \(path)"
            )
            if created { try check(fchown(parent.number, owner, owner), "chown \(path)") }
        }
    }
}
