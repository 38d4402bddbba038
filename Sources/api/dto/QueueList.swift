internal import SandmillEntity
public import SandmillService

/// The queues, in the broker and in the record store, as lists tell them.
public struct QueueList: Encodable {
    struct Tenant: Encodable {
        let tenant: String
        let waiting: Int
        let oldestWaitingSeconds: Double

        enum CodingKeys: String, CodingKey {
            case tenant
            case waiting
            case oldestWaitingSeconds = "oldest_waiting_seconds"
        }
    }

    struct Queue: Encodable {
        let name: String
        let pool: String?
        let level: String?
        let ready: Int
        let unacknowledged: Int
        let consumers: Int
        let tenants: [Tenant]

        var waiting: Int { tenants.reduce(0) { $0 + $1.waiting } }
        var oldest: Double? { tenants.map(\.oldestWaitingSeconds).max() }

        enum CodingKeys: String, CodingKey {
            case name
            case pool
            case level
            case broker
            case store
        }

        enum BrokerKeys: String, CodingKey {
            case ready
            case unacknowledged
            case consumers
        }

        enum StoreKeys: String, CodingKey {
            case waiting
            case oldestWaitingSeconds = "oldest_waiting_seconds"
            case tenants
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(name, forKey: .name)
            try container.encode(pool, forKey: .pool)
            try container.encode(level, forKey: .level)
            var broker = container.nestedContainer(keyedBy: BrokerKeys.self, forKey: .broker)
            try broker.encode(ready, forKey: .ready)
            try broker.encode(unacknowledged, forKey: .unacknowledged)
            try broker.encode(consumers, forKey: .consumers)
            var store = container.nestedContainer(keyedBy: StoreKeys.self, forKey: .store)
            try store.encode(waiting, forKey: .waiting)
            try store.encode(oldest, forKey: .oldestWaitingSeconds)
            try store.encode(tenants, forKey: .tenants)
        }
    }

    private let queues: [Queue]

    enum CodingKeys: String, CodingKey {
        case queues
    }

    /// Puts together what the broker and the store tell.
    ///
    /// - Parameters:
    ///   - queues: What the broker has.
    ///   - lanes: What waits in the store.
    ///   - workers: Tell what they have not acknowledged.
    ///   - tenant: Whose executions are told; nil for everybody's.
    public init(
        _ queues: [BrokerQueue],
        lanes: [WaitingLane],
        workers: [WorkerRecord],
        tenant: String? = nil
    ) {
        let unacknowledged = workers.reduce(into: [String: Int]()) { counts, worker in
            counts.merge(worker.unacknowledged) { $0 + $1 }
        }
        self.queues = queues.map { queue in
            Queue(
                name: queue.name,
                pool: queue.pool,
                level: queue.level?.rawValue,
                ready: queue.ready,
                unacknowledged: unacknowledged[queue.name] ?? 0,
                consumers: queue.consumers,
                tenants: lanes.filter { lane in
                    lane.pool == queue.pool && lane.level == queue.level
                        && (tenant == nil || lane.tenant == tenant)
                }
                .map {
                    Tenant(
                        tenant: $0.tenant,
                        waiting: $0.count,
                        oldestWaitingSeconds: $0.oldest / .seconds(1)
                    )
                }
            )
        }
    }

    /// The same as a table: a row for each queue, and one for each tenant of which something waits in the store.
    public var table: CSVTable {
        CSVTable(
            [
                "name", "pool", "level", "ready", "unacknowledged", "consumers", "tenant",
                "waiting",
                "oldest_waiting_seconds",
            ],
            rows: queues.flatMap { queue in
                [
                    [
                        .text(queue.name), .init(text: queue.pool), .init(text: queue.level),
                        .init(number: queue.ready), .init(number: queue.unacknowledged),
                        .init(number: queue.consumers), .none, .init(number: queue.waiting),
                        .init(number: queue.oldest),
                    ]
                ]
                    + queue.tenants.map { tenant in
                        [
                            .text(queue.name), .init(text: queue.pool), .init(text: queue.level),
                            .none, .none, .none, .text(tenant.tenant),
                            .init(number: tenant.waiting),
                            .init(number: tenant.oldestWaitingSeconds),
                        ]
                    }
            }
        )
    }
}
