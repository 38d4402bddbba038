internal import CZlib

/// Reads texts in the gzip format (RFC 1952).
public enum Gzip {
    /// Why a text cannot be read.
    public enum Failure: Error, Equatable, Sendable {
        /// What comes out is longer than is wanted.
        case tooLong
        /// It is not one whole member of the format, or its checksum or its length is wrong.
        case malformed
    }

    /// The bytes of a header and a trailer.
    private static let leastSize = 18
    /// A window of 32 KiB, and the gzip format alone.
    private static let windowBits: CInt = 15 + 16

    /// How long a text says that it comes out, modulo 4 GiB; nil for what is too short to say so.
    public static func declaredSize(of text: [UInt8]) -> Int? {
        guard text.count >= leastSize else { return nil }
        return text.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// Reads a text that is one member of the format.
    ///
    /// It never writes more than the text says that it comes out, and nothing if that is above `limit`: how small
    /// the text itself is does not matter.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - limit: The most bytes that may come out.
    /// - Returns: What comes out.
    /// - Throws: ``Failure``.
    public static func inflate(_ text: [UInt8], limit: Int) throws(Failure) -> [UInt8] {
        guard let size = declaredSize(of: text) else { throw .malformed }
        guard size <= limit else { throw .tooLong }
        guard text.count <= Int(CUnsignedInt.max) else { throw .malformed }
        var isWhole = false
        // One more, so that there is room for what is empty.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size + 1) { output, count in
            isWhole = unsafe inflate(text, into: output, &count)
        }
        guard isWhole, bytes.count == size else { throw .malformed }
        return bytes
    }

    /// Whether that is all of it.
    private static func inflate(
        _ text: [UInt8],
        into output: UnsafeMutableBufferPointer<UInt8>,
        _ count: inout Int
    ) -> Bool {
        // zlib keeps its address.
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        defer { unsafe stream.deallocate() }
        let size = unsafe CInt(MemoryLayout<z_stream>.size)
        guard unsafe inflateInit2_(stream, windowBits, ZLIB_VERSION, size) == Z_OK else {
            return false
        }
        defer { _ = unsafe inflateEnd(stream) }
        return unsafe text.withUnsafeBufferPointer { input in
            // It is declared as changeable, and is not changed.
            unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            unsafe stream.pointee.avail_in = CUnsignedInt(input.count)
            unsafe stream.pointee.next_out = output.baseAddress
            unsafe stream.pointee.avail_out = CUnsignedInt(output.count)
            let code = unsafe CZlib.inflate(stream, Z_FINISH)
            count = unsafe output.count - Int(stream.pointee.avail_out)
            return unsafe code == Z_STREAM_END && stream.pointee.avail_in == 0
        }
    }
}
