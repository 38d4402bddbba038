internal import SandmillEntity

/// How much a pool has to do, in the record store and in the broker.
public struct Demand: Equatable, Sendable {
    /// Executions that could start, wherever they wait: also in a worker, which has claimed them.
    public var waiting: Int
    /// Those of them that a worker has claimed.
    public var claimed: Int
    /// Executions whose program runs.
    public var running: Int
    /// Messages of the pool that the broker has and has not delivered.
    public var brokerReady: Int

    /// How many sandboxes could be busy.
    public var total: Int { waiting + running }

    /// Counts for one pool.
    ///
    /// What was taken in by HTTP, or is tried again, is in both places: a row that waits for its message, and the
    /// message. What came by AMQP is a message only, until a worker claims it. So of those in the broker and of the
    /// rows that wait for one, the larger number counts. Of a batch that the broker still has nobody knows the
    /// pool, nor how many members it has: it counts as one in each pool, so that a worker comes to read it.
    public init(of pool: String, _ census: QueueStatistics, _ queues: [BrokerQueue]) {
        let rows = census.executions.filter { $0.pool == pool }
        let queued = rows.filter { $0.state == .queued }
        let awaited = queued.reduce(0) { $0 + $1.awaited }
        let deferred = queued.reduce(0) { $0 + $1.deferred }
        let inStore = queued.reduce(0) { $0 + $1.count } - awaited - deferred
        let batches = queues.reduce(0) { $0 + ($1.hasBatches ? $1.ready : 0) }
        brokerReady = queues.reduce(0) { $0 + ($1.pool == pool ? $1.ready : 0) }
        waiting = inStore + max(awaited, brokerReady) + batches
        claimed = queued.reduce(0) { $0 + $1.claimed }
        running = rows.reduce(0) { $0 + ($1.state == .running ? $1.count : 0) }
    }
}
