/// Who has which connection of a pool, and who waits for one.
///
/// A value: it opens and wakes nothing.
///
/// A *lease* is the right to one connection: an open one, or one that its holder opens.
///
/// 1. Leases and idle connections together are never more than the limit.
/// 2. Nobody waits while a lease is free.
/// 3. Leases go to those who wait in the order of their arrival, before any newcomer.
/// 4. A closed pool has neither idle connections nor waiters, and gives no lease.
///
/// ```
///           acquire                release
///   free ────────────▶ leased ────────────────▶ free, its connection idle or gone
///   free ◀── none ──▶ waiting ── release, by another ──▶ leased
///                     waiting ── removeWaiter, close ──▶ gone
/// ```
struct PoolState<Connection, Waiter> {
    enum Acquisition {
        /// A lease; its holder opens a connection where it comes with none.
        case leased(Connection?)
        case mustWait
        case closed
    }

    private let limit: Int
    private(set) var leaseCount = 0
    private(set) var idle: [Connection] = []
    private(set) var waiters: [(id: Int, waiter: Waiter)] = []
    private(set) var isClosed = false

    init(limit: Int) {
        precondition(limit > 0, "a pool has room for a connection at least")
        self.limit = limit
    }

    /// Takes a lease if one is free, with the connection that was used last.
    mutating func acquire() -> Acquisition {
        if isClosed { return .closed }
        if leaseCount == limit { return .mustWait }
        leaseCount += 1
        return .leased(idle.popLast())
    }

    /// Takes a lease, or a place at the end of the queue.
    mutating func acquire(orEnqueue waiter: Waiter, id: Int) -> Acquisition {
        let acquisition = acquire()
        if case .mustWait = acquisition { waiters.append((id, waiter)) }
        return acquisition
    }

    /// Gives a lease back, with its connection unless that is broken.
    ///
    /// - Returns: Who has the lease now, and must be told.
    mutating func release(_ connection: Connection?) -> Waiter? {
        precondition(leaseCount > 0, "released more than was leased")
        if !waiters.isEmpty { return waiters.removeFirst().waiter }
        leaseCount -= 1
        if let connection, !isClosed { idle.append(connection) }
        return nil
    }

    /// Takes somebody out of the queue, unless they have their lease already.
    mutating func removeWaiter(_ id: Int) -> Waiter? {
        waiters.firstIndex { $0.id == id }.map { waiters.remove(at: $0).waiter }
    }

    /// Closes the pool; what is leased is released later.
    ///
    /// - Returns: Those who waited, in vain.
    mutating func close() -> [Waiter] {
        defer { waiters = [] }
        isClosed = true
        idle = []
        return waiters.map(\.waiter)
    }
}
