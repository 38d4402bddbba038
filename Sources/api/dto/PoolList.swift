internal import SandmillEntity
public import SandmillService

/// The pools, as lists tell them.
public struct PoolList: Encodable {
    /// One pool.
    public struct Pool: Equatable, Encodable {
        /// What it is called.
        public let name: String
        /// What its workers run, the default first; empty where none says so.
        public let runtimes: [String]
        /// How many workers have it that may take executions.
        public let workers: Int
        /// How many programs they run at once.
        public let slots: Int
        /// How many executions could start, wherever they wait.
        public let waiting: Int
        /// How many of those a worker has claimed.
        public let claimed: Int
        /// How many programs run.
        public let running: Int
        /// How many sandboxes could be busy.
        public let demand: Int
        /// How many messages the broker has and has not delivered.
        public let brokerReady: Int
        /// Its sandboxes on all workers, by what they are doing.
        public let sandboxes: [String: Int]
        /// How long the oldest execution has waited that may start; nil where none does.
        public let oldestWaitingSeconds: Double?

        enum CodingKeys: String, CodingKey {
            case name
            case runtimes
            case workers
            case slots
            case waiting
            case claimed
            case running
            case demand
            case brokerReady = "broker_ready"
            case sandboxes
            case oldestWaitingSeconds = "oldest_waiting_seconds"
        }

        /// Writes every field, also those that have nothing.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(name, forKey: .name)
            try container.encode(runtimes, forKey: .runtimes)
            try container.encode(workers, forKey: .workers)
            try container.encode(slots, forKey: .slots)
            try container.encode(waiting, forKey: .waiting)
            try container.encode(claimed, forKey: .claimed)
            try container.encode(running, forKey: .running)
            try container.encode(demand, forKey: .demand)
            try container.encode(brokerReady, forKey: .brokerReady)
            try container.encode(sandboxes, forKey: .sandboxes)
            try container.encode(oldestWaitingSeconds, forKey: .oldestWaitingSeconds)
        }
    }

    /// The pools, by name.
    public let pools: [Pool]

    /// Counts for `names`, and for every other pool that has an execution, a worker or a sandbox.
    public init(
        _ names: [String],
        census: QueueStatistics,
        queues: [BrokerQueue],
        workers: [WorkerRecord]
    ) {
        let all = Set(
            names + census.executions.map(\.pool) + census.sandboxes.map(\.pool)
                + workers.flatMap(\.slots.keys)
        )
        let taking = workers.filter { $0.state == .active }
        pools = all.sorted().map { name in
            let demand = Demand(of: name, census, queues)
            let sandboxes = census.sandboxes.filter { $0.pool == name }
            let oldest = census.executions.filter { $0.pool == name }.compactMap(\.oldest).max()
            return Pool(
                name: name,
                runtimes: Self.runtimes(of: name, on: workers),
                workers: taking.count { $0.slots[name] != nil },
                slots: taking.reduce(0) { $0 + ($1.slots[name] ?? 0) },
                waiting: demand.waiting,
                claimed: demand.claimed,
                running: demand.running,
                demand: demand.total,
                brokerReady: demand.brokerReady,
                sandboxes: Dictionary(
                    sandboxes.map { ($0.state, $0.count) },
                    uniquingKeysWith: +
                ),
                oldestWaitingSeconds: oldest.map { $0 / .seconds(1) }
            )
        }
    }

    /// What any worker that is alive runs of a pool, in the order of the first that says it.
    private static func runtimes(of pool: String, on workers: [WorkerRecord]) -> [String] {
        var names: [String] = []
        for worker in workers where worker.state != .lost {
            names += (worker.runtimes[pool] ?? []).filter { !names.contains($0) }
        }
        return names
    }

    /// The same as a table, a row a pool.
    var table: CSVTable {
        CSVTable(
            [
                "name", "workers", "slots", "waiting", "claimed", "running", "demand",
                "broker_ready", "sandboxes", "oldest_waiting_seconds", "runtimes",
            ],
            rows: pools.map { pool in
                [
                    .text(pool.name), .init(number: pool.workers), .init(number: pool.slots),
                    .init(number: pool.waiting), .init(number: pool.claimed),
                    .init(number: pool.running), .init(number: pool.demand),
                    .init(number: pool.brokerReady),
                    .text(pool.sandboxes.words), .init(number: pool.oldestWaitingSeconds),
                    .text(pool.runtimes.joined(separator: ", ")),
                ]
            }
        )
    }
}

/// What a scaler asks for.
struct ScalerBody: Encodable {
    let demand: Int
    let waiting: Int
    let running: Int
    let slots: Int
    let brokerReady: Int

    init(_ pool: PoolList.Pool) {
        demand = pool.demand
        waiting = pool.waiting
        running = pool.running
        slots = pool.slots
        brokerReady = pool.brokerReady
    }

    enum CodingKeys: String, CodingKey {
        case demand
        case waiting
        case running
        case slots
        case brokerReady = "broker_ready"
    }
}
