/// What the worker sends to the agent.
///
/// A run is one ``run(_:)`` followed by ``input(_:)`` frames that carry, one behind the other, the
/// content of every file in ``Run/files`` and then the standard input, exactly as many bytes as
/// the run announced. The agent answers with ``Report`` frames that end in
/// ``Report/finished(_:)``; only then may the next run be sent.
///
/// A program that is built starts when the worker has sent ``proceed``, so that it can change the memory
/// limit in between. It can be run again without being built: the first run keeps it
/// (``Run/Build/isKept``), those that follow start it (``Run/Start/kept(run:)``), and ``forget`` ends
/// that, as does any run that starts otherwise.
public enum Command: Equatable, Sendable {
    /// Runs a program.
    case run(Run)
    /// The next bytes of the run's input.
    case input([UInt8])
    /// Kills the program of the run with this token, if it is the current one.
    case cancel(token: UInt64)
    /// Asks for ``Report/healthy(nonce:)`` with the same number.
    case probe(nonce: UInt64)
    /// Drops the program that is kept, if one is; answered by ``Report/finished(_:)``.
    case forget
    /// Starts the program that was built, after ``Report/built(_:output:)``.
    case proceed

    /// Appends the frame to `buffer`, so that many frames leave in one write.
    public func encode(appendingTo buffer: consuming [UInt8] = []) -> [UInt8] {
        var writer = FrameWriter(type: type, appendingTo: buffer)
        switch self {
        case .run(let run): run.write(to: &writer)
        case .input(let bytes): writer.writeRest(bytes)
        case .cancel(let token): writer.write(token)
        case .probe(let nonce): writer.write(nonce)
        case .forget, .proceed: break
        }
        return writer.finish()
    }

    /// Reads a frame that came from the worker.
    public init(_ frame: Frame) throws(FrameError) {
        var reader = FrameReader(frame.payload)
        switch frame.type {
        case 0x01: self = .run(try Run(from: &reader))
        case 0x02: self = .input(reader.readRest())
        case 0x03: self = .cancel(token: try reader.read())
        case 0x04: self = .probe(nonce: try reader.read())
        case 0x05: self = .forget
        case 0x06: self = .proceed
        default: throw .unknownType(frame.type)
        }
        try reader.finish()
    }

    private var type: UInt8 {
        switch self {
        case .run: 0x01
        case .input: 0x02
        case .cancel: 0x03
        case .probe: 0x04
        case .forget: 0x05
        case .proceed: 0x06
        }
    }
}
