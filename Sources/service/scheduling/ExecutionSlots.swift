internal import SandmillEntity
internal import Synchronization

/// The room that a worker has in one pool: what it holds, of which lanes, and what waits in the store.
///
/// 1. At most `limit` executions are held, and `reserve` more for lanes that have none: what is
///    urgent, or a tenant's first, does not wait until the worker has room.
/// 2. While anything waits in the store, what comes waits there too, unless its lane holds nothing and
///    has nothing there. So the order in which executions start is decided where all are seen.
/// 3. While `window` executions of a lane wait in the store, and their requests take `windowSize`, no more of
///    it is put there; the broker keeps it. That closes no other lane, whatever waits, and what was put
///    there by another way counts for its own lane only. Only what the broker has delivered long ago goes
///    there all the same.
/// 4. While their requests have `byteLimit` bytes, no more are held; a quarter more is for lanes that have
///    none. A request that waits in the store takes no memory.
/// 5. Lanes that wait in the store and hold nothing get a place of the reserve: at once those that this
///    worker put there, the others within a second.
///
/// Any thread may use it.
final class ExecutionSlots: Sendable {
    private struct State {
        var held: [Lane: Int] = [:]
        var total = 0
        /// Of the requests of all that are held.
        var bytes = 0
        var parked = 0
        /// How many were parked since the store was asked last.
        var parkedMeanwhile = 0
        /// What waits in the store, as far as this worker knows: by the last count, and what it put there
        /// and took since.
        var parkedLanes: [Lane: LaneBacklog] = [:]
        /// What was parked since the last count began, and which it may have missed.
        var uncounted: [Lane: LaneBacklog] = [:]
        /// Whether lanes that hold nothing may wait in the store.
        var suspectsNewcomers = false
        var isClosed = false

        mutating func add(_ lane: Lane) {
            held[lane, default: 0] += 1
            total += 1
        }

        mutating func remove(_ lane: Lane, size: Int) {
            bytes -= size
            let rest = held[lane, default: 0] - 1
            held[lane] = rest > 0 ? rest : nil
            total -= 1
            if rest <= 0, parkedLanes[lane] != nil { suspectsNewcomers = true }
        }

        mutating func unpark(_ lane: Lane, size: ByteCount) {
            guard let parked = parkedLanes[lane] else { return }
            parkedLanes[lane] =
                parked.count > 1
                ? LaneBacklog(count: parked.count - 1, size: max(parked.size - size, .zero)) : nil
        }
    }

    private let limit: Int
    private let reserve: Int
    private let refill: Int
    private let window: Int
    private let byteLimit: Int
    private let windowSize: ByteCount
    private let state = Mutex(State())

    /// Yields when it may be worth to ask the store; ends when it is closed.
    let vacancies: AsyncStream<Void>
    private let takeRequest: AsyncStream<Void>.Continuation

    /// Starts empty.
    ///
    /// - Parameters:
    ///   - limit: The most executions that are held.
    ///   - refill: The store is asked when there is room for so many.
    ///   - window: So many of a lane are parked whatever their size.
    ///   - windowSize: What the requests of a lane take that are parked, however many they are.
    ///   - byteLimit: The most bytes of what is held, but for one request more.
    init(
        limit: Int,
        refill: Int,
        window: Int,
        windowSize: ByteCount,
        byteLimit: Int = 24 << 20
    ) {
        self.byteLimit = byteLimit
        self.limit = limit
        self.refill = min(refill, limit)
        self.window = window
        self.windowSize = windowSize
        reserve = max(limit / 4, 1)
        (vacancies, takeRequest) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Decides about an execution that has come, whose request has so many bytes: it is held, or is to wait
    /// in the store; whether it is the first of its lane beside those of others.
    func admit(_ lane: Lane, size: Int = 0) -> (intent: Claim.Intent, isFirst: Bool) {
        state.withLock { state in
            let isFirst =
                state.held[lane] == nil && state.parkedLanes[lane] == nil
                && state.total < limit + reserve && state.bytes < byteLimitOfNewcomers
            let hasRoom = state.total < limit && state.bytes < byteLimit
            guard isFirst || state.parked == 0 && hasRoom else { return (.park, false) }
            state.add(lane)
            state.bytes += size
            return (.run, isFirst)
        }
    }

    private var byteLimitOfNewcomers: Int { byteLimit + byteLimit / 4 }

    /// Gives up the place of an execution.
    func leave(_ lane: Lane, size: Int = 0) {
        state.withLock { $0.remove(lane, size: size) }
        takeRequest.yield()
    }

    /// Notes that an execution waits in the store, whose request takes so much.
    func recordParked(_ lane: Lane, size: ByteCount) {
        let one = LaneBacklog(count: 1, size: size)
        state.withLock { state in
            state.parked += 1
            state.parkedMeanwhile += 1
            state.parkedLanes[lane] = state.parkedLanes[lane, default: LaneBacklog()] + one
            state.uncounted[lane] = state.uncounted[lane, default: LaneBacklog()] + one
            if state.held[lane] == nil { state.suspectsNewcomers = true }
        }
        takeRequest.yield()
    }

    /// Sees to it that the store is asked, since others may have put something there.
    func assumeParked() {
        state.withLock { state in
            state.parked = max(state.parked, 1)
            state.parkedMeanwhile += 1
            state.suspectsNewcomers = true
        }
        takeRequest.yield()
    }

    /// Says that what waits in the store is being counted; returns up to how many are worth it.
    func beginCount() -> Int {
        state.withLock { state in
            state.uncounted = [:]
            return max(1_000, state.parked * 2)
        }
    }

    /// Takes over a count of what waits in the store, which is of all if it is below `limit`.
    func correct(_ counted: [Lane: LaneBacklog], upTo limit: Int) {
        let total = counted.values.reduce(0) { $0 + $1.count }
        state.withLock { state in
            state.parked = total
            state.suspectsNewcomers = total > 0
            if total < limit {
                state.parkedLanes = counted.merging(state.uncounted) { $0 + $1 }
            } else {
                state.parkedLanes.merge(counted) { $0.count > $1.count ? $0 : $1 }
            }
        }
        takeRequest.yield()
    }

    /// Room that the store is to be asked for now.
    struct Capacity: Equatable {
        /// For any.
        let count: Int
        /// For the first of lanes that hold nothing, if that is more.
        let newcomers: Int
        let held: [Lane: Int]
    }

    /// The room for which the store is to be asked now; nil for none.
    ///
    /// One task asks, and calls ``fill(_:of:)`` with the answer.
    func room() -> Capacity? {
        state.withLock { state in
            let free = state.bytes < byteLimit ? limit - state.total : 0
            let isWorthIt =
                free >= refill
                || state.suspectsNewcomers && state.total < limit + reserve
                    && state.bytes < byteLimitOfNewcomers
            guard !state.isClosed, state.parked > 0, isWorthIt else { return nil }
            state.parkedMeanwhile = 0
            state.suspectsNewcomers = false
            return Capacity(
                count: free >= refill ? free : 0,
                newcomers: limit + reserve - state.total,
                held: state.held
            )
        }
    }

    /// Takes in what the store gave for the room that it was asked for.
    func fill(_ taken: [(lane: Lane, size: ByteCount)], of room: Capacity) {
        let bytes = taken.reduce(0) { $0 + Int($1.size.bytes) }
        // It gives no more at once, whatever waits.
        let mayHaveMore = bytes > TakeRequest.byteLimit
        state.withLock { state in
            for (lane, size) in taken {
                state.add(lane)
                state.unpark(lane, size: size)
            }
            state.bytes += bytes
            if room.count > 0, taken.count < room.count, !mayHaveMore {
                state.parked = state.parkedMeanwhile
            } else {
                state.parked = max(state.parked - taken.count, 1)
            }
            // All that wait and hold nothing were asked for, so that those are not there any more.
            if taken.count < max(room.count, room.newcomers), !mayHaveMore,
                state.parkedMeanwhile == 0
            {
                state.parkedLanes = state.parkedLanes.filter { state.held[$0.key] != nil }
            }
            if state.parked == 0 { state.parkedLanes = [:] }
        }
    }

    /// Asks the store no more.
    func close() {
        state.withLock { $0.isClosed = true }
        takeRequest.finish()
    }

    /// Whether something that comes of a lane can be held or parked.
    func isOpen(_ lane: Lane) -> Bool {
        state.withLock { state in
            guard let parked = state.parkedLanes[lane] else { return true }
            return parked.count < window || parked.size < windowSize
        }
    }
}
