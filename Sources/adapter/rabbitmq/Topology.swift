internal import AMQP
public import SandmillEntity
internal import SandmillService

/// The exchanges, queues and bindings of one installation.
///
/// A queue a level, because no single queue type has priority, replication and dead-lettering at
/// least once together. `reject-publish` is needed for the last: with another overflow behaviour
/// RabbitMQ falls back to at most once without a word.
public struct Topology: Equatable, Sendable {
    /// What every name begins with.
    public let prefix: String
    /// The pools that have queues.
    public let pools: [String]

    /// Describes the topology of an installation.
    public init(prefix: String, pools: [String]) {
        self.prefix = prefix
        self.pools = pools
    }

    /// The queue of a pool's level.
    public func queue(pool: String, level: Level) -> String {
        "\(prefix).work.\(pool).\(level.rawValue)"
    }

    /// The key that leads to a queue of requests; nil for any other queue.
    ///
    /// A pool that this configuration does not have counts too.
    func routingKey(of queue: String) -> String? {
        if queue == batches { return batchKey }
        let start = "\(prefix).work."
        return queue.hasPrefix(start) ? String(queue.dropFirst(start.count)) : nil
    }

    /// A line for each exchange, queue and binding, with its arguments.
    public var lines: [String] {
        exchanges.map { "exchange  \($0.name)  \($0.kind.rawValue)\($0.arguments.listed)" }
            + queues.map { "queue     \($0.name)\($0.arguments.listed)" }
            + bindings.map { "binding   \($0.exchange) -> \($0.queue)  \"\($0.key)\"" }
    }

    struct Binding: Equatable {
        let exchange: String
        let queue: String
        let key: String
    }

    func name(of exchange: OutboundMessage.Exchange) -> String {
        exchange == .queue ? "" : "\(prefix).\(exchange.rawValue)"
    }

    var exchanges: [Exchange] {
        [
            Exchange(
                name(of: .submit),
                kind: .topic,
                arguments: ["alternate-exchange": .string(unrouted)]
            ),
            Exchange(unrouted, kind: .fanout),
            Exchange(dead, kind: .fanout),
            Exchange(name(of: .events), kind: .topic),
            Exchange(name(of: .control), kind: .fanout),
        ]
    }

    var queues: [Queue] {
        let work = pools.flatMap { pool in Level.allCases.map { queue(pool: pool, level: $0) } }
        return (work + [batches]).map { Queue($0, arguments: workArguments) }
            + [dead, unrouted].map { Queue($0, arguments: ["x-queue-type": "quorum"]) }
    }

    var bindings: [Binding] {
        let work = pools.flatMap { pool in
            Level.allCases.map { level in
                Binding(
                    exchange: name(of: .submit),
                    queue: queue(pool: pool, level: level),
                    key: "\(pool).\(level.rawValue)"
                )
            }
        }
        return work + [
            Binding(exchange: name(of: .submit), queue: batches, key: batchKey),
            Binding(exchange: dead, queue: dead, key: ""),
            Binding(exchange: unrouted, queue: unrouted, key: ""),
        ]
    }

    /// The exchange and the queue of what the broker gave up.
    var dead: String { "\(prefix).dead" }
    /// The exchange and the queue of what no queue wanted.
    var unrouted: String { "\(prefix).unrouted" }
    /// The queue of batches that are one message each.
    var batches: String { "\(prefix).batches" }
    private var batchKey: String { "batch" }

    private var workArguments: FieldTable {
        [
            "x-queue-type": "quorum",
            "x-overflow": "reject-publish",
            "x-dead-letter-exchange": .string(dead),
            "x-dead-letter-routing-key": "dead",
            "x-dead-letter-strategy": "at-least-once",
            "x-delivery-limit": 20,
        ]
    }
}

extension FieldTable {
    /// The arguments on one line, in order.
    fileprivate var listed: String {
        sorted { $0.key < $1.key }.map { name, value in
            switch value {
            case .string(let text): "  \(name)=\(text)"
            case .int(let number): "  \(name)=\(number)"
            default: "  \(name)=\(value)"
            }
        }.joined()
    }
}
