internal import AMQP
public import Logging
public import SandmillService
internal import Synchronization

/// One installation's place on a broker: where it is, what is there, how to get in.
public struct Broker: Sendable {
    /// What is on it.
    public let topology: Topology
    let logger: Logger
    /// Who may publish what on it.
    public let publishers: PublisherPolicy
    private let endpoint: Endpoint
    private let maximumBody: Int

    /// Describes a broker.
    ///
    /// - Parameters:
    ///   - url: `amqp://` or `amqps://`.
    ///   - authorityFile: The certificate authorities of an `amqps://` broker; nil for the
    ///     system's.
    ///   - topology: What is on it.
    ///   - maximumBody: The longest body that is read, in bytes.
    ///   - tenants: For which tenants each user may publish; nil where everybody may for each.
    ///   - replyQueues: Which queues may be answered to; see ``PublisherPolicy``.
    ///   - logger: Told when connections are lost and found.
    /// - Throws: ``BrokerError/Code/refused`` when the URL cannot be understood.
    public init(
        url: String,
        authorityFile: String?,
        topology: Topology,
        maximumBody: Int,
        tenants: [String: [String]]? = nil,
        replyQueues: [String] = [],
        logger: Logger
    ) throws(BrokerError) {
        do throws(AMQPError) {
            var endpoint = try Endpoint(url: url)
            if let authorityFile { endpoint.tls?.authorityFile = authorityFile }
            self.endpoint = endpoint
        } catch {
            throw BrokerError(error)
        }
        self.topology = topology
        self.maximumBody = maximumBody
        publishers = PublisherPolicy(
            tenants: tenants,
            ownUser: endpoint.user.isEmpty ? nil : endpoint.user,
            ownQueues: "\(topology.prefix).",
            replyQueues: replyQueues
        )
        self.logger = logger
    }

    /// Whose permissions its connections have; nil where its URL names nobody.
    public var user: String? { endpoint.user.isEmpty ? nil : endpoint.user }

    /// Makes what is missing of the topology.
    ///
    /// - Throws: ``BrokerError/Code/topologyDiffers`` with each difference.
    public func declareTopology() async throws(BrokerError) {
        try await check { connection throws(AMQPError) in
            try await topology.declare(on: connection)
        }
    }

    /// Compares the topology without making anything.
    ///
    /// - Throws: ``BrokerError/Code/topologyDiffers`` with each difference.
    public func verifyTopology() async throws(BrokerError) {
        try await check { connection throws(AMQPError) in
            try await topology.verify(on: connection)
        }
    }

    /// Removes the topology, with what is in its queues.
    ///
    /// - Parameter evenIfUsed: Whether it goes though queues have messages or consumers.
    /// - Throws: ``BrokerError/Code/refused`` with each queue that is used, in which case nothing is removed.
    public func removeTopology(evenIfUsed: Bool) async throws(BrokerError) {
        let used: [QueueStatus]
        do throws(AMQPError) {
            let connection = try await connect(as: "topology")
            used = try await topology.remove(on: connection, evenIfUsed: evenIfUsed)
            await connection.close()
        } catch {
            throw BrokerError(error)
        }
        guard !used.isEmpty else { return }
        let lines = used.map {
            "\($0.name) has \($0.messageCount) messages and \($0.consumerCount) consumers"
        }
        throw BrokerError(.refused, lines.joined(separator: "; "))
    }

    /// Opens a connection of this installation.
    func connect(as purpose: String) async throws(AMQPError) -> Connection {
        let logger = logger
        return try await Connection.open(
            endpoint,
            options: Connection.Options(
                name: "sandmill \(purpose)",
                bodyLimit: maximumBody,
                unacknowledgedLimit: maximumBody * 4
            ) {
                switch $0 {
                case .blocked(let reason):
                    logger.warning(
                        "The broker blocks publishing.",
                        metadata: [LogKey.reason: "\(reason)"]
                    )
                case .unblocked:
                    logger.info("The broker takes messages again.")
                case .closed:
                    break
                }
            }
        )
    }

    /// Keeps a connection for `purpose`, and logs when it comes and goes.
    func supervisor(for purpose: String) -> ConnectionSupervisor<ContinuousClock> {
        let logger = logger
        let report = Mutex(FailureReport())
        return ConnectionSupervisor(
            clock: ContinuousClock(),
            observer: { event in
                switch event {
                case .opened:
                    report.withLock { $0.end() }
                    logger.info(
                        "Connected to the broker.",
                        metadata: [LogKey.connection: "\(purpose)"]
                    )
                case .failed(let error, let wait):
                    guard report.withLock({ $0.isDue() }) else { return }
                    logger.warning(
                        "There is no connection to the broker.",
                        metadata: [
                            LogKey.connection: "\(purpose)", LogKey.reason: "\(error.message)",
                            LogKey.wait: "\(wait)",
                        ]
                    )
                }
            },
            open: { () throws(AMQPError) in try await connect(as: purpose) }
        )
    }

    private func check(
        _ compare: (Connection) async throws(AMQPError) -> [Topology.Difference]
    ) async throws(BrokerError) {
        let differences: [Topology.Difference]
        do throws(AMQPError) {
            let connection = try await connect(as: "topology")
            differences = try await compare(connection)
            await connection.close()
        } catch {
            throw BrokerError(error)
        }
        if !differences.isEmpty { throw BrokerError(differences) }
    }
}

extension LogKey {
    /// What a connection is for.
    fileprivate static let connection = "connection"
    /// How long until the next try.
    fileprivate static let wait = "wait"
}
