internal import Synchronization

/// What the broker has delivered and nobody has taken yet.
///
/// What can no longer be settled is dropped, so that the broker's prefetch bounds it across any number of
/// connections. Any thread offers; one task takes.
final class Inbox<Message: Sendable>: Sendable {
    private struct State {
        var waiting: [Message] = []
        var isClosed = false
    }

    private let settlement: @Sendable (Message) -> Settlement
    private let state = Mutex(State())
    private let arrivals: AsyncStream<Void>
    private let arrival: AsyncStream<Void>.Continuation

    /// Starts empty; `settlement` tells how a message is settled.
    init(settlement: @escaping @Sendable (Message) -> Settlement) {
        self.settlement = settlement
        (arrivals, arrival) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Adds a message; after ``close()`` it is left to the broker.
    func offer(_ message: Message) {
        state.withLock { state in
            if state.isClosed { return }
            state.waiting.removeAll { settlement($0).isStale() }
            state.waiting.append(message)
        }
        arrival.yield()
    }

    /// Takes the oldest message, waiting for one; nil once closed or cancelled.
    func next() async -> Message? {
        var arrivals = arrivals.makeAsyncIterator()
        while true {
            let (message, isClosed) = state.withLock { state in
                state.waiting.removeAll { settlement($0).isStale() }
                return (state.waiting.isEmpty ? nil : state.waiting.removeFirst(), state.isClosed)
            }
            if message != nil || isClosed { return message }
            if await arrivals.next() == nil { return nil }
        }
    }

    /// Drops what waits, unacknowledged, and ends ``next()``.
    func close() {
        state.withLock { state in
            state.waiting = []
            state.isClosed = true
        }
        arrival.yield()
    }
}
