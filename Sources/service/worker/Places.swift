internal import SandmillEntity
internal import Synchronization

/// The room that a worker has in one pool: what it holds, of which lanes, and what waits in the store.
///
/// 1. At most `limit` executions are held, and `reserve` more for lanes that have none: what is
///    urgent, or a tenant's first, is not kept waiting by a full house.
/// 2. While anything waits in the store, what comes waits there too, unless its lane holds nothing and
///    has nothing there. So the order in which executions start is decided where all are seen.
/// 3. While `window` executions of the pool wait in the store, nothing more is put there; the broker
///    keeps it. Only what the broker has delivered long ago goes there all the same.
/// 4. While their requests have `byteLimit` bytes, no more are held; a quarter more is for lanes that have
///    none. A request that waits in the store takes no memory.
/// 5. Lanes that wait in the store and hold nothing get a place of the reserve: at once those that this
///    worker put there, the others within a second.
///
/// Any thread may use it.
final class Places: Sendable {
    private struct State {
        var held: [Lane: Int] = [:]
        var total = 0
        /// Of the requests of all that are held.
        var bytes = 0
        var parked = 0
        /// How many were parked since the store was asked last.
        var parkedMeanwhile = 0
        /// Lanes that wait in the store, as far as this worker knows: it put them there.
        var parkedLanes: Set<Lane> = []
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
        }
    }

    private let limit: Int
    private let reserve: Int
    private let refill: Int
    private let window: Int
    private let byteLimit: Int
    private let state = Mutex(State())

    /// Yields when it may be worth to ask the store; ends when it is closed.
    let vacancies: AsyncStream<Void>
    private let vacancy: AsyncStream<Void>.Continuation
    private let openings: AsyncStream<Void>
    private let opening: AsyncStream<Void>.Continuation

    /// Starts empty.
    ///
    /// - Parameters:
    ///   - limit: The most executions that are held.
    ///   - refill: The store is asked when there is room for so many.
    ///   - window: The most that are parked.
    ///   - byteLimit: The most bytes of what is held, but for one request more.
    init(limit: Int, refill: Int, window: Int, byteLimit: Int = 24 << 20) {
        self.byteLimit = byteLimit
        self.limit = limit
        self.refill = min(refill, limit)
        self.window = window
        reserve = max(limit / 4, 1)
        (vacancies, vacancy) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (openings, opening) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Decides about an execution that has come, whose request has so many bytes: it is held, or is to wait
    /// in the store; whether it is the first of its lane in a house with others.
    func admit(_ lane: Lane, size: Int = 0) -> (intent: Claim.Intent, isFirst: Bool) {
        state.withLock { state in
            let isFirst =
                state.held[lane] == nil && !state.parkedLanes.contains(lane)
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
        vacancy.yield()
        opening.yield()
    }

    /// Notes that an execution waits in the store.
    func notePark(_ lane: Lane) {
        state.withLock { state in
            state.parked += 1
            state.parkedMeanwhile += 1
            state.parkedLanes.insert(lane)
            if state.held[lane] == nil { state.suspectsNewcomers = true }
        }
        vacancy.yield()
    }

    /// Sees to it that the store is asked, since others may have put something there.
    func suspectParked() {
        state.withLock { state in
            state.parked = max(state.parked, 1)
            state.parkedMeanwhile += 1
            state.suspectsNewcomers = true
        }
        vacancy.yield()
    }

    /// Takes over a count of what waits in the store.
    func correct(parked: Int) {
        state.withLock { state in
            state.parked = parked
            state.suspectsNewcomers = parked > 0
            if parked == 0 { state.parkedLanes = [] }
        }
        vacancy.yield()
        opening.yield()
    }

    /// Room that the store is to be asked for now.
    struct Room: Equatable {
        /// For any.
        let count: Int
        /// For the first of lanes that hold nothing, if that is more.
        let newcomers: Int
        let held: [Lane: Int]
    }

    /// The room for which the store is to be asked now; nil for none.
    ///
    /// One task asks, and calls ``fill(_:of:)`` with the answer.
    func room() -> Room? {
        state.withLock { state in
            let free = state.bytes < byteLimit ? limit - state.total : 0
            let isWorthIt =
                free >= refill
                || state.suspectsNewcomers && state.total < limit + reserve
                    && state.bytes < byteLimitOfNewcomers
            guard !state.isClosed, state.parked > 0, isWorthIt else { return nil }
            state.parkedMeanwhile = 0
            state.suspectsNewcomers = false
            return Room(
                count: free >= refill ? free : 0,
                newcomers: limit + reserve - state.total,
                held: state.held
            )
        }
    }

    /// Takes in what the store gave for the room that it was asked for, and how many bytes that has.
    func fill(_ lanes: [Lane], bytes: Int = 0, of room: Room) {
        // It gives no more at once, whatever waits.
        let mayHaveMore = bytes > Vacancy.byteLimit
        state.withLock { state in
            for lane in lanes { state.add(lane) }
            state.bytes += bytes
            if room.count > 0, lanes.count < room.count, !mayHaveMore {
                state.parked = state.parkedMeanwhile
            } else {
                state.parked = max(state.parked - lanes.count, 1)
            }
            // All that wait and hold nothing were asked for, so that those are not there any more.
            if lanes.count < max(room.count, room.newcomers), !mayHaveMore,
                state.parkedMeanwhile == 0
            {
                state.parkedLanes = state.parkedLanes.filter { state.held[$0] != nil }
            }
            if state.parked == 0 { state.parkedLanes = [] }
        }
        opening.yield()
    }

    /// How many wait in the store, as far as is known.
    var parkedCount: Int { state.withLock { $0.parked } }

    /// Waits until something that comes can be held or parked, or until it is closed.
    func waitUntilOpen() async {
        var openings = openings.makeAsyncIterator()
        while !isOpen {
            if await openings.next() == nil { return }
        }
    }

    /// Asks the store no more.
    func close() {
        state.withLock { $0.isClosed = true }
        vacancy.finish()
        opening.finish()
    }

    /// Whether something that comes can be held or parked, or it is closed.
    var isOpen: Bool {
        state.withLock { $0.isClosed || $0.parked < window }
    }
}
