import SandboxProtocol
import SandmillEntity
import SandmillService

@testable import SandmillDocker

/// Hostile bytes as a sandbox's stream.
///
/// The first byte of the input says in pieces of how many bytes the stream comes, or with 0 in one
/// piece; the second what the rest is:
///
/// | bit | meaning |
/// |---|---|
/// | 0 | the program is built first |
/// | 1 | the rest is a stream of frames, and not yet the engine's stream |
/// | 2 | the rest is frames without their length: a type, a byte that counts the payload, payload |
struct HostileStream {
    private let pieceLength: Int
    private let isBuilt: Bool
    private let frames: [UInt8]?
    private let attached: [UInt8]

    init(_ input: [UInt8]) {
        let mode = input.dropFirst().first ?? 0
        let rest = Array(input.dropFirst(2))
        let pieceLength = input.first.flatMap { $0 == 0 ? nil : Int($0) } ?? .max
        self.pieceLength = pieceLength
        isBuilt = mode & 1 != 0
        let frames = mode & 4 != 0 ? Self.frames(terse: rest) : mode & 2 != 0 ? rest : nil
        self.frames = frames
        attached = frames.map { Self.attached($0, pieceLength: pieceLength) } ?? rest
    }

    /// Reads the stream as the worker does, and its frames as the agent does too.
    func check() throws(PropertyViolation) {
        let output = try separated()
        let reports = try heard(output, Report.init, encode: { $0.encode() })
        try checkTranscript(reports.messages)
        _ = try heard(frames ?? output, Command.init, encode: { $0.encode() })
    }

    private func separated() throws(PropertyViolation) -> [UInt8] {
        let whole = try Separated(attached, pieceLength: .max)
        let inPieces = try Separated(attached, pieceLength: pieceLength)
        // Until a malformed head, after which the whole stream gives nothing at all.
        try require(
            whole == inPieces || whole.isMalformed && inPieces.isMalformed,
            "the streams are separated alike however they come"
        )
        return inPieces.output
    }

    private func heard<Message: Equatable>(
        _ bytes: [UInt8],
        _ decode: (Frame) throws(FrameError) -> Message,
        encode: (Message) -> [UInt8]
    ) throws(PropertyViolation) -> Heard<Message> {
        let whole = try Heard(bytes, pieceLength: .max, decode, encode)
        let inPieces = try Heard(bytes, pieceLength: pieceLength, decode, encode)
        try require(whole == inPieces, "the frames are the same however they come")
        return whole
    }

    private func checkTranscript(_ reports: [Report]) throws(PropertyViolation) {
        var transcript = CheckedTranscript(isBuilt: isBuilt)
        for report in reports {
            guard try transcript.take(report) else { return }
        }
    }

    private static func frames(terse bytes: [UInt8]) -> [UInt8] {
        var frames: [UInt8] = []
        var rest = bytes[...]
        while let type = rest.popFirst(), let length = rest.popFirst() {
            var writer = FrameWriter(type: type, appendingTo: frames)
            writer.writeRest(rest.prefix(Int(length)))
            frames = writer.finish()
            rest = rest.dropFirst(Int(length))
        }
        return frames
    }

    /// Puts standard output as the engine sends it, a little standard error between its pieces.
    private static func attached(_ output: [UInt8], pieceLength: Int) -> [UInt8] {
        var stream: [UInt8] = []
        var rest = output[...]
        while !rest.isEmpty {
            let piece = rest.prefix(max(pieceLength, 16))
            let length = (0..<4).map { UInt8(truncatingIfNeeded: piece.count >> (24 - 8 * $0)) }
            stream += [2, 0, 0, 0, 0, 0, 0, 1, 0x21, 1, 0, 0, 0] + length + piece
            rest = rest.dropFirst(piece.count)
        }
        return stream
    }
}

/// What the engine's stream holds.
private struct Separated: Equatable {
    var output: [UInt8] = []
    var diagnostics: [UInt8] = []
    var isMalformed = false

    init(_ bytes: [UInt8], pieceLength: Int) throws(PropertyViolation) {
        var demultiplexer = StreamDemultiplexer()
        for piece in bytes.pieces(of: pieceLength) {
            do throws(StreamDemultiplexer.Malformed) {
                let separated = try demultiplexer.separate(Array(piece))
                output += separated.output
                diagnostics += separated.diagnostics
            } catch {
                isMalformed = true
                return
            }
            try require(
                output.count + diagnostics.count <= bytes.count,
                "no more comes out than went in"
            )
        }
    }
}

/// What one end hears.
private struct Heard<Message: Equatable>: Equatable {
    private(set) var messages: [Message] = []
    private var error: FrameError?
    private var missing = 0

    init(
        _ bytes: [UInt8],
        pieceLength: Int,
        _ decode: (Frame) throws(FrameError) -> Message,
        _ encode: (Message) -> [UInt8]
    ) throws(PropertyViolation) {
        var decoder = FrameDecoder()
        for piece in bytes.pieces(of: pieceLength) {
            decoder.append(piece)
            missing += piece.count
            while let frame = next(&decoder) {
                let length = frame.payload.count + 1
                try require(length <= FrameLimits.payload, "a frame is within its bound")
                missing -= 4 + length
                guard let message = read(frame, decode) else { break }
                try check(message, of: frame, decode, encode)
                messages.append(message)
            }
            if error != nil { break }
            try require(
                (0..<(4 + FrameLimits.payload)).contains(missing),
                "no more is held than one incomplete frame"
            )
        }
        // How much was taken in behind an error is the pieces' doing.
        if error != nil { missing = 0 }
    }

    private mutating func next(_ decoder: inout FrameDecoder) -> Frame? {
        do throws(FrameError) {
            return try decoder.next()
        } catch {
            self.error = error
            return nil
        }
    }

    private mutating func read(
        _ frame: Frame,
        _ decode: (Frame) throws(FrameError) -> Message
    ) -> Message? {
        do throws(FrameError) {
            return try decode(frame)
        } catch {
            self.error = error
            return nil
        }
    }

    /// There is one way to write a message, and it is read as it was written.
    private func check(
        _ message: Message,
        of frame: Frame,
        _ decode: (Frame) throws(FrameError) -> Message,
        _ encode: (Message) -> [UInt8]
    ) throws(PropertyViolation) {
        let encoded = encode(message)
        try require(
            encoded.dropFirst(4).first == frame.type
                && encoded.dropFirst(5).elementsEqual(frame.payload),
            "\(message) is written as it was read"
        )
        var decoder = FrameDecoder()
        decoder.append(encoded)
        let again: Message?
        do throws(FrameError) {
            again = try decoder.next().map(decode)
        } catch {
            throw PropertyViolation("\(message) is read as it was written, and not \(error)")
        }
        try require(again == message, "\(message) is read as it was written")
    }
}

extension [UInt8] {
    /// The bytes in pieces of `length`, the last of them shorter.
    fileprivate func pieces(of length: Int) -> [ArraySlice<UInt8>] {
        length >= count
            ? [self[...]]
            : stride(from: 0, to: count, by: length).map {
                self[$0..<Swift.min($0 + length, count)]
            }
    }
}
