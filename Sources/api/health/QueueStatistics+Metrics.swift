internal import Prometheus
internal import SandmillEntity
internal import SandmillService

extension QueueStatistics {
    /// The figures as gauges; the demand of `pools` also where there is none.
    func families(pools: [String], queues: [BrokerQueue]) -> [MetricFamily] {
        [
            MetricFamily(
                "sandmill_executions",
                .gauge,
                help:
                    "Executions that have not ended: running once the program runs, until then queued, "
                    + "also if a worker has claimed them.",
                samples: executions.map { figure in
                    .init(
                        labels: [
                            .init("pool", figure.pool), .init("level", figure.level.rawValue),
                            .init("state", figure.state.rawValue),
                        ],
                        value: Double(figure.count)
                    )
                }
            ),
            MetricFamily(
                "sandmill_claimed_executions",
                .gauge,
                help: "Those of the queued executions that a worker has claimed.",
                samples: executions.filter { $0.state == .queued }.map { figure in
                    .init(
                        labels: [
                            .init("pool", figure.pool), .init("level", figure.level.rawValue),
                        ],
                        value: Double(figure.claimed)
                    )
                }
            ),
            MetricFamily(
                "sandmill_demand_slots",
                .gauge,
                help:
                    "Sandboxes that could be busy: executions that run, or wait in a worker, the store or the "
                    + "broker.",
                samples: Set(pools + executions.map(\.pool)).sorted().map { pool in
                    .init(
                        labels: [.init("pool", pool)],
                        value: Double(Demand(of: pool, self, queues).total)
                    )
                }
            ),
            MetricFamily(
                "sandmill_oldest_waiting_seconds",
                .gauge,
                help:
                    "How long the oldest execution has waited that the store knows and that may start, claimed "
                    + "or not.",
                samples: pools.flatMap { pool in
                    Level.allCases.map { level in
                        let oldest = executions.first {
                            $0.pool == pool && $0.level == level && $0.state == .queued
                        }
                        return .init(
                            labels: [.init("pool", pool), .init("level", level.rawValue)],
                            value: (oldest?.oldest ?? .zero) / .seconds(1)
                        )
                    }
                }
            ),
            MetricFamily(
                "sandmill_sandboxes",
                .gauge,
                help: "Sandboxes of all workers.",
                samples: sandboxes.map { figure in
                    .init(
                        labels: [.init("pool", figure.pool), .init("state", figure.state)],
                        value: Double(figure.count)
                    )
                }
            ),
            MetricFamily(
                "sandmill_dead_letters",
                .gauge,
                help: "Messages that were refused and are kept.",
                samples: deadLetters.sorted { $0.key < $1.key }.map { type, count in
                    .init(labels: [.init("error_type", type)], value: Double(count))
                }
            ),
            .single("sandmill_outbox_messages", Double(outbox), help: "Messages to publish."),
            .single(
                "sandmill_outbox_oldest_seconds",
                (outboxOldest ?? .zero) / .seconds(1),
                help: "How long the oldest message to publish is there."
            ),
            MetricFamily(
                "sandmill_outbox_rejected_messages",
                .gauge,
                help:
                    "Messages to publish that the broker has rejected, for a full queue for example.",
                samples: ["submit", "events", "queue"].map { exchange in
                    let count = rejected[exchange == "queue" ? "" : exchange] ?? 0
                    return .init(labels: [.init("exchange", exchange)], value: Double(count))
                }
            ),
            .single("sandmill_workers", Double(workers), help: "Workers that are alive."),
        ]
    }
}

extension MetricFamily {
    fileprivate static func single(_ name: String, _ value: Double, help: String) -> MetricFamily {
        MetricFamily(name, .gauge, help: help, samples: [.init(value: value)])
    }

    /// Whether the figures of the record store are there.
    static func storeIsUp(_ isUp: Bool) -> MetricFamily {
        single("sandmill_store_up", isUp ? 1 : 0, help: "Whether the record store answers.")
    }
}
