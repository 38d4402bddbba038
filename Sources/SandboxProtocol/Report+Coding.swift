extension Report {
    /// Appends the frame to `buffer`, so that many frames leave in one write.
    public func encode(appendingTo buffer: consuming [UInt8] = []) -> [UInt8] {
        var writer = FrameWriter(type: type, appendingTo: buffer)
        switch self {
        case .ready(let version): writer.write(version)
        case .output(let stream, let bytes), .tail(let stream, let bytes):
            writer.write(stream.rawValue)
            writer.writeRest(bytes)
        case .built(let exit, let output):
            exit.write(to: &writer)
            writer.write(output)
        case .notBuilt(let exit), .exited(let exit): exit.write(to: &writer)
        case .file(let path, let size):
            writer.write(path)
            writer.write(size)
        case .content(let bytes): writer.writeRest(bytes)
        case .skipped(let path, let reason):
            writer.write(path)
            writer.write(reason.rawValue)
        case .missing(let pattern): writer.write(pattern)
        case .finished(.clean): writer.write("")
        case .finished(.unclean(let what)): writer.write(what)
        case .failed(let what): writer.write(what)
        case .healthy(let nonce): writer.write(nonce)
        }
        return writer.finish()
    }

    /// Reads a frame that came from the agent.
    public init(_ frame: Frame) throws(FrameError) {
        var reader = FrameReader(frame.payload)
        switch frame.type {
        case 0x81: self = .ready(version: try reader.read())
        case 0x82: self = .output(try Self.readStream(&reader), reader.readRest())
        case 0x83: self = .tail(try Self.readStream(&reader), reader.readRest())
        case 0x84: self = .exited(try Exit(from: &reader))
        case 0x85:
            self = .file(
                path: try reader.readBytes("path", limit: FrameLimits.path),
                size: try reader.read()
            )
        case 0x86: self = .content(reader.readRest())
        case 0x87:
            let path = try reader.readBytes("path", limit: FrameLimits.path)
            guard let reason = SkipReason(rawValue: try reader.read()) else {
                throw .invalid("reason")
            }
            self = .skipped(path: path, reason: reason)
        case 0x88:
            let what = try reader.readString("finish")
            self = .finished(what.isEmpty ? .clean : .unclean(what))
        case 0x89: self = .failed(try reader.readString("failure"))
        case 0x8A: self = .healthy(nonce: try reader.read())
        case 0x8B:
            self = .built(
                try Exit(from: &reader),
                output: try reader.readBytes("output", limit: FrameLimits.buildOutput)
            )
        case 0x8C: self = .notBuilt(try Exit(from: &reader))
        case 0x8D: self = .missing(pattern: try reader.read())
        default: throw .unknownType(frame.type)
        }
        try reader.finish()
    }

    private var type: UInt8 {
        switch self {
        case .ready: 0x81
        case .output: 0x82
        case .tail: 0x83
        case .exited: 0x84
        case .file: 0x85
        case .content: 0x86
        case .skipped: 0x87
        case .finished: 0x88
        case .failed: 0x89
        case .healthy: 0x8A
        case .built: 0x8B
        case .notBuilt: 0x8C
        case .missing: 0x8D
        }
    }

    private static func readStream(_ reader: inout FrameReader) throws(FrameError) -> Stream {
        guard let stream = Stream(rawValue: try reader.read()) else { throw .invalid("stream") }
        return stream
    }
}

extension Report.Exit {
    func write(to writer: inout FrameWriter) {
        switch status {
        case .code(let code):
            writer.write(false)
            writer.write(code)
        case .signal(let signal):
            writer.write(true)
            writer.write(signal)
        }
        writer.write(kill.rawValue)
        writer.write(wallNanoseconds)
        writer.write(cpuNanoseconds)
        writer.write(memoryPeakBytes)
        writer.write(oomKills)
        writer.write(stdoutBytes)
        writer.write(stderrBytes)
    }

    init(from reader: inout FrameReader) throws(FrameError) {
        let isSignal = try reader.readBool("status")
        let number: UInt8 = try reader.read()
        guard let kill = Kill(rawValue: try reader.read()) else { throw .invalid("kill") }
        self.init(
            status: isSignal ? .signal(number) : .code(number),
            kill: kill,
            wallNanoseconds: try reader.read(),
            cpuNanoseconds: try reader.read(),
            memoryPeakBytes: try reader.read(),
            oomKills: try reader.read(),
            stdoutBytes: try reader.read(),
            stderrBytes: try reader.read()
        )
    }
}
