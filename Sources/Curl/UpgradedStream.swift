internal import Threads

/// A connection that no longer speaks HTTP: bytes in both directions until either side closes.
///
/// Any task may use it; one at a time may read. It closes when the last reference is gone.
public final class UpgradedStream: Sendable {
    private let client: Client
    private let loop: EventLoop
    private let id: Int
    private let buffer: StreamBuffer

    init(client: Client, loop: EventLoop, id: Int, buffer: StreamBuffer) {
        self.client = client
        self.loop = loop
        self.id = id
        self.buffer = buffer
    }

    deinit {
        close()
    }

    /// Queues bytes behind those written before, and waits while more than 256 KiB are unsent.
    ///
    /// A task that is cancelled while it waits stops waiting; its bytes are sent all the same.
    public func write(_ bytes: [UInt8]) async throws(CurlError) {
        if try buffer.append(bytes) { loop.signal(.serve(id)) }
        try await buffer.waitForRoom()
    }

    /// Returns all bytes that have arrived, at least one, or nil once the peer has ended the
    /// stream.
    ///
    /// While more than 1 MiB waits to be read nothing is taken from the connection, so that a peer
    /// that is not read from comes to a halt.
    public func read() async throws(CurlError) -> [UInt8]? {
        let chunk = try await buffer.read()
        if chunk.wasPaused { loop.signal(.serve(id)) }
        return chunk.bytes
    }

    /// Whether either side has ended the stream; what arrived before can still be read.
    public var isEnded: Bool { buffer.isEnded }

    /// Closes the connection at once; what was not sent yet is lost.
    public func close() {
        buffer.end(.failed(.closed))
        loop.signal(.abort(id, .closed))
    }
}
