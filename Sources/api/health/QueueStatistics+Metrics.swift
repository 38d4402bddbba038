internal import Prometheus
internal import SandmillEntity
internal import SandmillService

extension QueueStatistics {
    /// The figures as gauges; the demand of `pools` also where there is none.
    func families(pools: [String]) -> [MetricFamily] {
        [
            MetricFamily(
                "sandmill_executions",
                .gauge,
                help: "Executions that have not ended.",
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
                "sandmill_demand_slots",
                .gauge,
                help: "Sandboxes that could be busy: executions that run or wait.",
                samples: demand(of: pools).sorted { $0.key < $1.key }.map { pool, count in
                    .init(labels: [.init("pool", pool)], value: Double(count))
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
            .single("sandmill_outbox_messages", outbox, help: "Messages to publish."),
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
            .single("sandmill_workers", workers, help: "Workers that are alive."),
        ]
    }

    private func demand(of pools: [String]) -> [String: Int] {
        let none = Dictionary(pools.map { ($0, 0) }) { $1 }
        return executions.reduce(into: none) { $0[$1.pool, default: 0] += $1.count }
    }
}

extension MetricFamily {
    fileprivate static func single(_ name: String, _ value: Int, help: String) -> MetricFamily {
        MetricFamily(name, .gauge, help: help, samples: [.init(value: Double(value))])
    }

    /// Whether the figures of the record store are there.
    static func storeIsUp(_ isUp: Bool) -> MetricFamily {
        single("sandmill_store_up", isUp ? 1 : 0, help: "Whether the record store answers.")
    }
}
