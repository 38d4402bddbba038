import SandboxProtocol
import Testing

struct FrameTests {
    @Test(arguments: Samples.commands)
    func commandComesBackAsItWasSent(_ command: Command) throws {
        #expect(try commands(in: command.encode()) == [command])
    }

    @Test(arguments: Samples.reports)
    func reportComesBackAsItWasSent(_ report: Report) throws {
        #expect(try reports(in: report.encode()) == [report])
    }

    @Test func manyFramesInOneBufferComeBackInOrder() throws {
        let bytes = Samples.reports.reduce(into: [UInt8]()) { $0 = $1.encode(appendingTo: $0) }
        #expect(try reports(in: bytes) == Samples.reports)
    }

    @Test func framesComeBackFromSingleBytes() throws {
        var decoder = FrameDecoder()
        var received: [Report] = []
        for byte in Samples.reports.flatMap({ $0.encode() }) {
            decoder.append([byte])
            while let frame = try decoder.next() { received.append(try Report(frame)) }
        }
        #expect(received == Samples.reports)
    }

    @Test(arguments: Samples.commands)
    func everyTruncationOfACommandIsRefusedOrAnotherCommand(_ command: Command) throws {
        let bytes = command.encode()
        for length in 5..<bytes.count {
            let frame = Frame(type: bytes[4], payload: bytes[5..<length])
            guard case .input = command else {
                #expect(throws: FrameError.self) { try Command(frame) }
                continue
            }
            #expect(throws: Never.self) { try Command(frame) }
        }
    }

    @Test func bytesBehindTheLastFieldAreRefused() {
        let bytes = Report.healthy(nonce: 1).encode() + [0]
        #expect(throws: FrameError.trailingBytes) {
            try Report(Frame(type: bytes[4], payload: bytes[5...]))
        }
    }

    @Test(arguments: [0, UInt32(FrameLimits.payload) + 1, .max])
    func lengthOutOfRangeIsRefusedBeforeItsPayloadComes(_ length: UInt32) {
        var decoder = FrameDecoder()
        decoder.append((0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) })
        #expect(throws: FrameError.badLength(length)) { try decoder.next() }
    }

    @Test(arguments: [0x00, 0x07, 0x80, 0x8E, 0xFF] as [UInt8])
    func unknownTypeIsRefused(_ type: UInt8) {
        let frame = Frame(type: type, payload: [])
        #expect(throws: FrameError.unknownType(type)) { try Command(frame) }
        #expect(throws: FrameError.unknownType(type)) { try Report(frame) }
    }

    @Test func frameOfTheOtherDirectionIsRefused() throws {
        for command in Samples.commands {
            #expect(throws: FrameError.self) { try reports(in: command.encode()) }
        }
        for report in Samples.reports {
            #expect(throws: FrameError.self) { try commands(in: report.encode()) }
        }
    }

    @Test func countBeyondThePayloadTakesNoMemory() {
        // The number of arguments of a run, behind its token, its start and an empty entrypoint.
        let payload = [UInt8](repeating: 0, count: 13) + [0x10, 0x27, 0, 0]
        #expect(throws: FrameError.truncated) { try Command(Frame(type: 1, payload: payload[...])) }
        let tooMany = payload.dropLast(4) + [0x11, 0x27, 0, 0]
        #expect(throws: FrameError.invalid("arguments")) {
            try Command(Frame(type: 1, payload: ArraySlice(tooMany)))
        }
    }

    @Test(arguments: [[4], [1, 0, 0, 0, 0], [1, 0x11, 0x27, 0, 0]] as [[UInt8]])
    func startThatIsNoneIsRefused(_ start: [UInt8]) {
        let payload = [UInt8](repeating: 0, count: 8) + start + [UInt8](repeating: 0, count: 100)
        let error = #expect(throws: FrameError.self) {
            try Command(Frame(type: 1, payload: payload[...]))
        }
        #expect(error == .invalid(start[0] == 4 ? "start" : "command"))
    }

    @Test func textThatIsNotUTF8IsRefused() {
        let payload: [UInt8] = [1, 0, 0, 0, 0xFF]
        #expect(throws: FrameError.invalid("failure")) {
            try Report(Frame(type: 0x89, payload: payload[...]))
        }
    }
}

/// Cuts and reads frames as the worker does.
func reports(in bytes: [UInt8]) throws -> [Report] {
    var decoder = FrameDecoder()
    decoder.append(bytes)
    var reports: [Report] = []
    while let frame = try decoder.next() { reports.append(try Report(frame)) }
    return reports
}

/// Cuts and reads frames as the agent does.
func commands(in bytes: [UInt8]) throws -> [Command] {
    var decoder = FrameDecoder()
    decoder.append(bytes)
    var commands: [Command] = []
    while let frame = try decoder.next() { commands.append(try Command(frame)) }
    return commands
}
