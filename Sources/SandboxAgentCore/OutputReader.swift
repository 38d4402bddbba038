internal import SandboxProtocol

/// One output stream of a program: what comes out of its pipe is captured, and its head reported.
struct OutputReader: ~Copyable {
    /// What has come so far.
    private(set) var capture: OutputCapture

    private let stream: Report.Stream
    private var pipe: Descriptor
    private let isFollowed: Bool
    private var withheld: [UInt8] = []

    /// Reads from `pipe`, which must not block, and keeps `cap` bytes; reports the head as it comes
    /// if it `isFollowed`, else with the rest.
    init(
        _ stream: Report.Stream,
        _ pipe: consuming Descriptor,
        cap: UInt64,
        isFollowed: Bool
    ) {
        self.stream = stream
        self.pipe = pipe
        self.isFollowed = isFollowed
        capture = OutputCapture(cap: cap)
    }

    /// The descriptor to poll; -1 when no writer is left.
    var descriptor: CInt { pipe.number }

    /// Reads once; returns whether there may be more.
    mutating func read(reportingTo channel: FrameChannel) -> Bool {
        switch pipe.read() {
        case .bytes(let bytes):
            let head = capture.append(bytes)
            if !isFollowed {
                withheld += head
            } else if !head.isEmpty {
                channel.send(.output(stream, Array(head)))
            }
            return true
        case .nothing:
            return false
        case .end:
            pipe.close()
            return false
        }
    }

    /// Reports what of the head was withheld, and if nothing was dropped the bytes behind it, once
    /// nothing more will come.
    func reportRest(to channel: FrameChannel) {
        send(withheld, to: channel) { .output(stream, $0) }
        if !capture.isTruncated { send(capture.tail(), to: channel) { .output(stream, $0) } }
    }

    /// The first bytes of what was withheld.
    func beginning(_ count: Int) -> [UInt8] {
        let head = Array(withheld.prefix(count))
        return capture.isTruncated ? head : Array((head + capture.tail()).prefix(count))
    }

    /// Reports the tail of a stream whose middle was dropped.
    func reportTail(to channel: FrameChannel) {
        if capture.isTruncated { send(capture.tail(), to: channel) { .tail(stream, $0) } }
    }

    private func send(
        _ bytes: [UInt8],
        to channel: FrameChannel,
        _ report: ([UInt8]) -> Report
    ) {
        var rest = bytes[...]
        while !rest.isEmpty {
            channel.sendWaiting(report(Array(rest.prefix(FrameLimits.chunk))))
            rest = rest.dropFirst(FrameLimits.chunk)
        }
    }
}
