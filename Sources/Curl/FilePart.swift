internal import Glibc

/// A part of an open file that a request carries.
public struct FilePart: Sendable {
    /// The file.
    public let file: OpenFile
    /// Where the part begins.
    public private(set) var offset: Int
    /// How many bytes it has.
    public private(set) var count: Int

    /// Names a part, which has to be there.
    public init(of file: OpenFile, from offset: Int, count: Int) {
        self.file = file
        self.offset = offset
        self.count = count
    }

    /// Takes the next bytes off its beginning.
    ///
    /// - Returns: How many were put into `buffer`, 0 at its end; nil where the file cannot be read, or has ended
    ///   before.
    @unsafe
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        guard count > 0 else { return 0 }
        let read = unsafe pread(
            file.descriptor,
            buffer.baseAddress,
            min(buffer.count, count),
            offset
        )
        guard read > 0 else { return nil }
        offset += read
        count -= read
        return read
    }
}

/// A file that is open for reading, and is closed with the last that holds it.
public final class OpenFile: Sendable {
    let descriptor: CInt

    /// Closes the descriptor by and by.
    public init(takingOwnershipOf descriptor: CInt) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }
}
