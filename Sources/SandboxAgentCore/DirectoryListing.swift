internal import CSandboxAgent
internal import Glibc

/// The names in a directory, without `.` and `..`, as the bytes they are.
struct DirectoryListing {
    /// The names, in the kernel's order.
    private(set) var names: [[UInt8]] = []

    /// Reads an open directory from its start; at most about `limit` names.
    init(of directory: borrowing Descriptor, limit: Int = .max) throws(SystemError) {
        lseek(directory.number, 0, SEEK_SET)
        while names.count < limit {
            let records = try Self.readRecords(directory.number)
            if records.isEmpty { return }
            appendNames(in: records)
        }
    }

    private static func readRecords(_ directory: CInt) throws(SystemError) -> [UInt8] {
        let capacity = 32 << 10
        var result = 0
        let records = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            result = unsafe sandbox_read_directory(directory, buffer.baseAddress, capacity)
            count = max(result, 0)
        }
        try check(result, "getdents64")
        return records
    }

    /// Reads `struct linux_dirent64` records: the length at 16, the name from 19 to its NUL.
    private mutating func appendNames(in records: [UInt8]) {
        var start = 0
        while start + 19 <= records.count {
            let length = Int(records[start + 16]) | Int(records[start + 17]) << 8
            let name = records[(start + 19)..<(start + length)].prefix { $0 != 0 }
            if name.elementsEqual(".".utf8) == false, name.elementsEqual("..".utf8) == false {
                names.append(Array(name))
            }
            start += length
        }
    }
}
