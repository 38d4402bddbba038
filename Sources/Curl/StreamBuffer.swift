internal import Synchronization

/// What passes between the tasks that use an upgraded stream and the curl thread that moves it.
///
/// Invariants:
/// 1. Bytes leave in the order they were written: first those taken, then `outgoing`.
/// 2. While a reader waits there is nothing in `incoming`, and no end.
/// 3. While a writer waits there is no end, and more than ``outgoingLimit`` bytes are unsent.
/// 4. An end is final. What arrived before it can still be read.
final class StreamBuffer: Sendable {
    /// What a reader gets.
    struct Chunk: Sendable {
        /// All that had arrived; nil at the end of the stream.
        let bytes: [UInt8]?
        /// Whether the curl thread has stopped reading and must be told to go on.
        let wasPaused: Bool
    }

    /// Unread bytes above which the curl thread stops reading.
    static let incomingLimit = 1 << 20
    /// Unsent bytes above which a writer waits.
    static let outgoingLimit = 256 << 10

    private let state = Mutex(State())

    // MARK: For tasks

    /// Whether the stream has ended.
    var isEnded: Bool { state.withLock { $0.end != nil } }

    /// Returns all that has arrived; waits while that is nothing.
    func read() async throws(CurlError) -> Chunk {
        if let outcome = state.withLock({ $0.takeIncoming() }) { return try outcome.get() }
        return try await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let outcome = state.withLock { $0.takeIncoming(orWaitAs: continuation) }
                if let outcome { continuation.resume(returning: outcome) }
            }
        } onCancel: {
            let reader = state.withLock { $0.reader.take() }
            reader?.resume(returning: .failure(.cancelled))
        }.get()
    }

    /// Queues bytes.
    ///
    /// - Returns: Whether the curl thread must be told; if not, it will come for them anyway.
    func append(_ bytes: [UInt8]) throws(CurlError) -> Bool {
        try state.withLock { state throws(CurlError) in
            if let end = state.end { throw end.whyWritingFails }
            let isIdle = state.outgoing.isEmpty && state.taken == 0
            // Most often nothing is queued, and this makes no copy.
            if state.outgoing.isEmpty { state.outgoing = bytes } else { state.outgoing += bytes }
            return isIdle
        }
    }

    /// Waits until at most ``outgoingLimit`` bytes are unsent.
    func waitForRoom() async throws(CurlError) {
        guard let writer = state.withLock({ $0.nextWriterIfFull() }) else { return }
        try await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let outcome = state.withLock { $0.waitForRoom(as: writer, continuation) }
                if let outcome { continuation.resume(returning: outcome) }
            }
        } onCancel: {
            let continuation = state.withLock { $0.writers.removeValue(forKey: writer) }
            continuation?.resume(returning: .failure(.cancelled))
        }.get()
    }

    // MARK: For the curl thread

    /// Returns what to send next; what it returned before is sent.
    func takeOutgoing() -> [UInt8] {
        let (bytes, writers) = state.withLock { $0.takeOutgoing() }
        for writer in writers { writer.resume(returning: .success(())) }
        return bytes
    }

    /// Passes on bytes that arrived.
    ///
    /// - Returns: Whether to read on; if not, a task will say when.
    func deliver(_ bytes: ArraySlice<UInt8>) -> Bool {
        let (reader, isPaused) = state.withLock { state in
            if let reader = state.reader.take() { return (Optional(reader), false) }
            state.incoming += bytes
            state.isPaused = state.incoming.count > Self.incomingLimit
            return (nil, state.isPaused)
        }
        reader?.resume(returning: .success(Chunk(bytes: Array(bytes), wasPaused: false)))
        return !isPaused
    }

    // MARK: For both

    /// Ends the stream for all who wait and all who come; the first end counts.
    func end(_ end: End) {
        let (reader, writers) = state.withLock { $0.end(end) }
        reader?.resume(returning: end.whatReadersGet)
        for writer in writers { writer.resume(returning: .failure(end.whyWritingFails)) }
    }
}

extension StreamBuffer {
    /// How a stream ended.
    enum End {
        /// The peer ended it.
        case finished
        /// It broke, or was closed on this side.
        case failed(CurlError)

        fileprivate var whatReadersGet: Result<Chunk, CurlError> {
            switch self {
            case .finished: .success(Chunk(bytes: nil, wasPaused: false))
            case .failed(let error): .failure(error)
            }
        }

        fileprivate var whyWritingFails: CurlError {
            switch self {
            case .finished: .connectionLost
            case .failed(let error): error
            }
        }
    }

    fileprivate typealias Reader = CheckedContinuation<Result<Chunk, CurlError>, Never>
    fileprivate typealias Writer = CheckedContinuation<Result<Void, CurlError>, Never>

    fileprivate struct State {
        var incoming: [UInt8] = []
        var isPaused = false
        var reader: Reader?
        var outgoing: [UInt8] = []
        /// How many bytes the curl thread has taken and is still sending.
        var taken = 0
        var writers: [Int: Writer] = [:]
        var lastWriter = 0
        var end: End?

        private var isFull: Bool { outgoing.count + taken > StreamBuffer.outgoingLimit }

        mutating func takeIncoming() -> Result<Chunk, CurlError>? {
            guard !incoming.isEmpty else { return end?.whatReadersGet }
            let chunk = Chunk(bytes: incoming, wasPaused: isPaused)
            incoming = []
            isPaused = false
            return .success(chunk)
        }

        mutating func takeIncoming(orWaitAs continuation: Reader) -> Result<Chunk, CurlError>? {
            if let outcome = takeIncoming() { return outcome }
            if Task.isCancelled { return .failure(.cancelled) }
            precondition(reader == nil, "a stream has one reader at a time")
            reader = continuation
            return nil
        }

        mutating func nextWriterIfFull() -> Int? {
            guard isFull else { return nil }
            lastWriter += 1
            return lastWriter
        }

        mutating func waitForRoom(
            as writer: Int,
            _ continuation: Writer
        ) -> Result<Void, CurlError>? {
            if let end { return .failure(end.whyWritingFails) }
            if !isFull { return .success(()) }
            if Task.isCancelled { return .failure(.cancelled) }
            writers[writer] = continuation
            return nil
        }

        mutating func takeOutgoing() -> ([UInt8], [Writer]) {
            let bytes = outgoing
            outgoing = []
            taken = bytes.count
            return (bytes, isFull ? [] : takeWriters())
        }

        mutating func end(_ end: End) -> (Reader?, [Writer]) {
            guard self.end == nil else { return (nil, []) }
            self.end = end
            outgoing = []
            return (reader.take(), takeWriters())
        }

        private mutating func takeWriters() -> [Writer] {
            guard !writers.isEmpty else { return [] }
            defer { writers = [:] }
            return Array(writers.values)
        }
    }
}
