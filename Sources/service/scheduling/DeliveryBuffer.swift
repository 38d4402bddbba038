internal import SandmillEntity
internal import Synchronization

/// The deliveries that wait in this worker for their claim, and whose turn it is.
///
/// The broker's prefetch bounds it: what came by a channel that is gone is delivered again, so this copy
/// is dropped, and nothing is taken beyond the prefetch before something is settled. Nor is more taken than
/// `byteLimit`, but for a single one: to read and to store a request takes several times its size. Any
/// thread offers; one task takes, and settles what it took when it is acknowledged or given up.
final class DeliveryBuffer: Sendable {
    /// Two of the largest that are usual, so that one is read while the other is stored, and small ones.
    static let byteLimit = 20 << 20

    private struct State {
        var waiting: [Level: [(delivery: Delivery, since: ContinuousClock.Instant)]] = [:]
        var scheduler = LevelScheduler()
        var unsettled: [Level: Int] = [:]
        var unsettledByQueue: [String: Int] = [:]
        var unsettledBytes = 0
        var isClosed = false

        mutating func take(prefetch: Int, where isTaken: (Delivery) -> Bool) -> Delivery? {
            dropStale()
            var first: [Level: Int] = [:]
            for level in Level.allCases where unsettled[level, default: 0] < prefetch {
                let index = waiting[level]?.firstIndex { isTaken($0.delivery) }
                if fits(index.flatMap { waiting[level]?[$0].delivery }) { first[level] = index }
            }
            let levels = Level.allCases.filter { first[$0] != nil }
            guard let level = scheduler.next(among: levels), let index = first[level] else {
                return nil
            }
            return take(at: index, of: level)
        }

        private func fits(_ delivery: Delivery?) -> Bool {
            guard let delivery else { return false }
            return unsettledBytes == 0
                || unsettledBytes + delivery.readCount <= DeliveryBuffer.byteLimit
        }

        mutating func take(at index: Int, of level: Level) -> Delivery? {
            unsettled[level, default: 0] += 1
            let delivery = waiting[level]?.remove(at: index).delivery
            if let delivery { unsettledByQueue[delivery.queue, default: 0] += 1 }
            unsettledBytes += delivery?.readCount ?? 0
            return delivery
        }

        /// What waits of one level has mostly come by one channel, so that looking at the first will do.
        mutating func dropStale() {
            for level in Level.allCases
            where waiting[level]?.first?.delivery.settlement.isStale() == true {
                waiting[level]?.removeAll { $0.delivery.settlement.isStale() }
            }
        }
    }

    private let state = Mutex(State())
    private let arrivals: AsyncStream<Void>
    private let arrival: AsyncStream<Void>.Continuation
    private let allSettled: AsyncStream<Never>
    private let settlement: AsyncStream<Never>.Continuation

    private let prefetch: Int
    private let patience: Duration

    /// Starts empty.
    ///
    /// - Parameters:
    ///   - prefetch: How many deliveries of a level may be unacknowledged.
    ///   - patience: How long a delivery waits before it is overdue.
    init(prefetch: Int, patience: Duration) {
        self.prefetch = prefetch
        self.patience = patience
        (arrivals, arrival) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (allSettled, settlement) = AsyncStream.makeStream()
    }

    /// How many deliveries are not acknowledged, by queue.
    var unacknowledged: [String: Int] {
        state.withLock { state in
            var counts = state.unsettledByQueue
            for (delivery, _) in state.waiting.values.joined()
            where !delivery.settlement.isStale() {
                counts[delivery.queue, default: 0] += 1
            }
            return counts
        }
    }

    /// Adds a delivery; after ``close()`` it is left to the broker, which delivers it elsewhere.
    func offer(_ delivery: Delivery) {
        state.withLock { state in
            if state.isClosed { return }
            state.dropStale()
            state.waiting[delivery.level, default: []].append((delivery, .now))
        }
        arrival.yield()
    }

    /// Takes a delivery that waits for longer than it may, out of turn; nil when there is none.
    func takeOverdue() -> Delivery? {
        let limit = ContinuousClock.now - patience
        return state.withLock { state in
            state.dropStale()
            let level = state.waiting.first { $0.value.first.map { $0.since <= limit } == true }?
                .key
            return level.flatMap { state.take(at: 0, of: $0) }
        }
    }

    /// Takes the delivery whose turn it is among those that satisfy the predicate, waiting for one; nil
    /// once closed or cancelled.
    func next(where isTaken: (Delivery) -> Bool = { _ in true }) async -> Delivery? {
        var arrivals = arrivals.makeAsyncIterator()
        while true {
            let (delivery, isClosed) = state.withLock {
                ($0.take(prefetch: prefetch, where: isTaken), $0.isClosed)
            }
            if delivery != nil || isClosed { return delivery }
            if await arrivals.next() == nil { return nil }
        }
    }

    /// Has ``next(where:)`` ask its predicate again.
    func lookAgain() {
        arrival.yield()
    }

    /// Says that a delivery which was taken no longer needs the broker's channel.
    func settle(_ delivery: Delivery) {
        let isAwaited = state.withLock { state in
            state.unsettled[delivery.level, default: 0] -= 1
            state.unsettledByQueue[delivery.queue, default: 0] -= 1
            state.unsettledBytes -= delivery.readCount
            return state.waiting.values.contains { !$0.isEmpty }
        }
        if isAwaited { arrival.yield() }
        finishWhenSettled()
    }

    /// Drops what waits, unacknowledged, and ends ``next()``.
    func close() {
        state.withLock { state in
            state.waiting = [:]
            state.isClosed = true
        }
        arrival.yield()
        finishWhenSettled()
    }

    /// Waits until it is closed and everything that was taken is settled.
    func waitUntilSettled() async {
        for await _ in allSettled {}
    }

    private func finishWhenSettled() {
        if state.withLock({ $0.isClosed && $0.unsettled.values.allSatisfy { $0 == 0 } }) {
            settlement.finish()
        }
    }
}
