internal import Glibc

/// Which users of a sandbox are any on its host, as /proc/self/uid_map lists them
/// (user_namespaces(7)).
public struct UserMap: Equatable {
    /// The ranges of users that are mapped.
    public let ranges: [Range<UInt64>]

    /// Reads the text of such a file; lines that are not understood count for nothing.
    public init(_ text: String) {
        ranges = text.split(separator: "\n").compactMap { line in
            // 0 231072 65536
            let numbers = line.split(separator: " ").compactMap { UInt64($0) }
            guard numbers.count == 3, numbers[0] < 1 << 32, numbers[2] < 1 << 33 else { return nil }
            return numbers[0]..<(numbers[0] + numbers[2])
        }
    }

    /// Whether every one of these is mapped by one range.
    public func maps(_ users: Range<UInt64>) -> Bool {
        ranges.contains { $0.lowerBound <= users.lowerBound && $0.upperBound >= users.upperBound }
    }

    /// Fails unless every one of these is mapped, as a user and as a group.
    static func check(_ users: Range<uid_t>) throws(SystemError) {
        for path in ["/proc/self/uid_map", "/proc/self/gid_map"] {
            // A kernel without namespaces of users maps all.
            guard let file = try? Descriptor(opening: path, O_RDONLY) else { continue }
            var text: [UInt8] = []
            while case .bytes(let bytes) = file.read() { text += bytes }
            let map = UserMap(String(decoding: text, as: UTF8.self))
            guard map.maps(UInt64(users.lowerBound)..<UInt64(users.upperBound)) else {
                throw SystemError(
                    "have users \(users.lowerBound) to \(users.upperBound - 1) for programs: the engine "
                        + "maps users (userns-remap, or no root) and not all of these, see \(path)",
                    code: EINVAL
                )
            }
        }
    }
}
