internal import CLinux
internal import Glibc
public import SandmillService

/// The group whose members may read what a worker writes below the results directory.
public struct ResultsGroup: Equatable, Sendable {
    let id: gid_t

    /// Finds a group by its name or its number.
    ///
    /// - Throws: ``ResultsError`` when there is none of this name, or when this process may not give
    ///   files to it: only root may give them to any, others to those that they are members of.
    public init(_ text: String) throws(ResultsError) {
        guard let id = gid_t(text) ?? Self.id(ofName: text) else {
            throw ResultsError("there is no group \"\(text)\"")
        }
        let code = Self.refusal(of: id)
        guard code == 0 else {
            let reason = unsafe String(cString: strerror(code))
            throw ResultsError("files cannot be given to the group \"\(text)\": \(reason)")
        }
        self.id = id
    }

    private static func id(ofName name: String) -> gid_t? {
        var size = 1 << 10
        while true {
            var group = unsafe Glibc.group()
            var found: UnsafeMutablePointer<Glibc.group>?
            let code = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) {
                unsafe getgrnam_r(name, &group, $0.baseAddress, $0.count, &found)
            }
            if code == ERANGE, size < 1 << 24 {
                size *= 4
                continue
            }
            guard unsafe found != nil else { return nil }
            return unsafe group.gr_gid
        }
    }

    /// Why this process may not give a file to a group; 0 if it may.
    ///
    /// A file in memory is tried: the kernel's answer counts capabilities and user namespaces too.
    private static func refusal(of id: gid_t) -> CInt {
        let file = unsafe memfd_create("group", 1)
        guard file >= 0 else { return errno }
        defer { close(file) }
        return fchown(file, uid_t.max, id) == 0 ? 0 : errno
    }
}
