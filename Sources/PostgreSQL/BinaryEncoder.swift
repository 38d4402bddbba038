internal import Glibc

/// The parameters of a statement while they are written, in network byte order.
public struct BinaryEncoder: Sendable {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ integer: some FixedWidthInteger) {
        unsafe withUnsafeBytes(of: integer.bigEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    mutating func appendNull() {
        append(Int32(-1))
    }

    mutating func appendField(_ integer: some FixedWidthInteger) {
        append(Int32(integer.bitWidth / 8))
        append(integer)
    }

    mutating func appendField(_ content: some Collection<UInt8>) {
        append(Int32(content.count))
        bytes.append(contentsOf: content)
    }

    /// Appends text, after `prefix` bytes of its type's own.
    ///
    /// U+0000 is refused here with what the server would say, which spares it the statement.
    mutating func appendField(_ text: String, prefix: [UInt8] = []) throws(PostgreSQLError) {
        append(Int32(prefix.count + text.utf8.count))
        bytes.append(contentsOf: prefix)
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        let hasNull = unsafe bytes.withUnsafeBytes { buffer in
            guard let address = buffer.baseAddress else { return false }
            return unsafe memchr(address + start, 0, buffer.count - start) != nil
        }
        guard !hasNull else {
            throw PostgreSQLError(
                .refused,
                "text cannot hold U+0000",
                sqlState: .characterNotInRepertoire
            )
        }
    }

    /// Leaves room for a length that is not known yet, until ``endField(at:)``.
    mutating func beginField() -> Int {
        append(Int32(0))
        return bytes.count
    }

    mutating func endField(at start: Int) {
        let length = Int32(bytes.count - start).bigEndian
        unsafe withUnsafeBytes(of: length) { length in
            unsafe bytes.replaceSubrange(start - 4..<start, with: length)
        }
    }
}
