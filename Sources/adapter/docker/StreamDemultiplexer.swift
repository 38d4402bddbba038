/// Separates a container's standard output from its standard error.
///
/// Without a terminal the engine sends both in one stream, each piece behind a head of 8 bytes:
/// the stream's number, three noughts, and the piece's length, big-endian (Engine API, "Attach to
/// a container"). Pieces are passed on as they come; nothing is kept but an incomplete head.
struct StreamDemultiplexer {
    /// A head that no engine sends.
    struct Malformed: Error {}

    private var head: [UInt8] = []
    private var isDiagnostics = false
    private var remaining = 0

    /// Takes bytes of the stream and returns those of standard output and of standard error.
    mutating func separate(
        _ bytes: [UInt8]
    ) throws(Malformed) -> (output: [UInt8], diagnostics: [UInt8]) {
        var output: [UInt8] = []
        var diagnostics: [UInt8] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            if remaining == 0 {
                let missing = rest.prefix(8 - head.count)
                head += missing
                rest = rest.dropFirst(missing.count)
                if head.count == 8 { try readHead() }
            } else {
                let piece = rest.prefix(remaining)
                rest = rest.dropFirst(piece.count)
                remaining -= piece.count
                if isDiagnostics { diagnostics += piece } else { output += piece }
            }
        }
        return (output, diagnostics)
    }

    private mutating func readHead() throws(Malformed) {
        guard head[0] == 1 || head[0] == 2, head[1...3].allSatisfy({ $0 == 0 }) else {
            throw Malformed()
        }
        isDiagnostics = head[0] == 2
        remaining = head[4...].reduce(0) { $0 << 8 | Int($1) }
        head = []
    }
}
