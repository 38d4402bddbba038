internal import Glibc

/// The standard input of a program: first gathered, then pumped into its pipe.
struct StandardInput: ~Copyable {
    private let size: UInt64
    private let spool: Descriptor
    private var buffer: [UInt8] = []
    private var received: UInt64 = 0
    private var pumped: UInt64 = 0

    /// Expects `size` bytes; they are kept in `spool` if it is open, else in memory.
    init(size: UInt64, spool: consuming Descriptor) {
        self.size = size
        self.spool = spool
    }

    /// Whether all bytes have been received.
    var isComplete: Bool { received == size }

    /// Takes the next bytes.
    mutating func append(_ bytes: ArraySlice<UInt8>) throws(SystemError) {
        guard UInt64(bytes.count) <= size - received else {
            throw SystemError("more input than was announced", code: EPROTO)
        }
        received += UInt64(bytes.count)
        if spool.isOpen { try spool.writeAll(bytes) } else { buffer.append(contentsOf: bytes) }
    }

    /// Writes to the pipe what it takes now; returns whether there is nothing left to write.
    ///
    /// A program that has closed its end does not want the rest.
    mutating func pump(into pipe: borrowing Descriptor) -> Bool {
        while pumped < size {
            if buffer.isEmpty { refill() }
            guard let written = try? pipe.write(buffer[...]) else { return true }
            if written == 0 { return false }
            buffer.removeFirst(written)
            pumped += UInt64(written)
        }
        return true
    }

    private mutating func refill() {
        let chunk = 64 << 10
        let offset = off_t(pumped)
        let spool = spool.number
        buffer = unsafe [UInt8](unsafeUninitializedCapacity: chunk) { memory, count in
            count = max(unsafe pread(spool, memory.baseAddress, chunk, offset), 0)
        }
        precondition(!buffer.isEmpty, "the spool ends before its announced size")
    }
}
