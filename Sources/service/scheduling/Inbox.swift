internal import Synchronization

/// What the broker has delivered and nobody has taken yet.
///
/// What can no longer be settled is dropped, so that the broker's prefetch bounds it across any number of
/// connections. Any thread offers; one task takes.
final class Inbox: Sendable {
    private struct State {
        var waiting: [Delivery] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let arrivals: AsyncStream<Void>
    private let arrival: AsyncStream<Void>.Continuation

    /// Starts empty.
    init() {
        (arrivals, arrival) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Adds a delivery; after ``close()`` it is left to the broker.
    func offer(_ delivery: Delivery) {
        state.withLock { state in
            if state.isClosed { return }
            state.waiting.removeAll { $0.settlement.isStale() }
            state.waiting.append(delivery)
        }
        arrival.yield()
    }

    /// Takes the oldest delivery, waiting for one; nil once closed or cancelled.
    func next() async -> Delivery? {
        var arrivals = arrivals.makeAsyncIterator()
        while true {
            let (delivery, isClosed) = state.withLock { state in
                state.waiting.removeAll { $0.settlement.isStale() }
                return (state.waiting.isEmpty ? nil : state.waiting.removeFirst(), state.isClosed)
            }
            if delivery != nil || isClosed { return delivery }
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
