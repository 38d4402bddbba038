internal import CSandboxAgent
internal import Glibc
internal import SandboxProtocol

/// The attached stream: commands come in on one descriptor, reports leave on the other.
///
/// The process ends when the stream does: with nobody to report to, a sandbox has no purpose, and
/// the end of PID 1 is the end of every process in it.
final class FrameChannel {
    /// Past this many unsent bytes nothing more should be taken in.
    static let bound = 256 << 10
    private static let flushThreshold = 64 << 10

    let input: Descriptor
    let output: Descriptor
    private var decoder = FrameDecoder()
    private var pending: [UInt8] = []
    private var sent = 0

    /// Takes over the two ends of the stream.
    init(input: consuming Descriptor, output: consuming Descriptor) throws(SystemError) {
        try input.makeNonBlocking()
        try output.makeNonBlocking()
        self.input = input
        self.output = output
    }

    /// How many bytes wait to be sent.
    var unsent: Int { pending.count - sent }

    /// Whether something is to be sent that the worker does not take.
    private(set) var isBlocked = false

    /// Answers a probe.
    func answer(_ nonce: UInt64) {
        send(.healthy(nonce: nonce))
        flushAvailable()
    }

    /// Queues a report; while the worker takes them, many leave in one write.
    func send(_ report: Report) {
        var buffer: [UInt8] = []
        swap(&buffer, &pending)
        pending = report.encode(appendingTo: consume buffer)
        if unsent >= Self.flushThreshold { flushAvailable() }
    }

    /// Queues a report of which there may be many, and waits while the worker takes none.
    func sendWaiting(_ report: Report) {
        send(report)
        while unsent > Self.bound { waitAndFlush() }
    }

    /// Sends what is queued, however long it takes.
    func flush() {
        flushAvailable()
        while unsent > 0 { waitAndFlush() }
    }

    /// Sends what can be sent without waiting.
    func flushAvailable() {
        do {
            while unsent > 0 {
                let written = try output.write(pending[sent...])
                if written == 0 { break }
                sent += written
            }
        } catch {
            exit(0)
        }
        isBlocked = unsent > 0
        if unsent == 0 {
            pending.removeAll(keepingCapacity: pending.count <= 2 * Self.bound)
            sent = 0
        } else if sent > Self.bound {
            pending.removeSubrange(..<sent)
            sent = 0
        }
    }

    /// Returns the next command, or nil when none is complete.
    ///
    /// The worker is trusted, so a frame that cannot be read is a defect of ours: the sandbox ends.
    func nextCommand() -> Command? {
        do throws(FrameError) {
            guard let frame = try decoder.next() else { return nil }
            return try Command(frame)
        } catch {
            fail("a frame from the worker cannot be read: \(error)")
        }
    }

    /// Reads once from the worker.
    func receive() {
        switch input.read() {
        case .bytes(let bytes): decoder.append(bytes)
        case .nothing: break
        case .end: exit(0)
        }
    }

    private func waitAndFlush() {
        var watched = [
            pollfd(fd: output.number, events: Int16(POLLOUT), revents: 0),
            // No event is asked for: the end of the stream is reported without.
            pollfd(fd: input.number, events: 0, revents: 0),
        ]
        _ = unsafe poll(&watched, 2, -1)
        if watched[1].revents != 0 { exit(0) }
        flushAvailable()
    }
}

/// Ends the agent, and with it the sandbox, with a line for the operator on standard error.
public func fail(_ message: String) -> Never {
    let line = Array("sandbox-agent: \(message)\n".utf8)
    _ = unsafe line.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    exit(1)
}
