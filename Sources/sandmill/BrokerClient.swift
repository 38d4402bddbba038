import SandmillClient
import SandmillConfiguration
import SandmillEntity
import SandmillRabbitMQ
import SandmillService
import ServiceLifecycle

extension Configuration {
    /// The broker of this configuration, for a process that logs by `logger`.
    func makeBroker(
        logger label: String,
        quiet: Bool = false
    ) throws(BrokerError) -> SandmillRabbitMQ.Broker {
        try SandmillRabbitMQ.Broker(
            url: broker.url,
            authorityFile: broker.caFile,
            topology: Topology(prefix: broker.prefix, pools: pools.map(\.name)),
            maximumBody: Int(broker.maximumBody.bytes),
            tenants: broker.users,
            replyQueues: broker.replyQueues,
            logger: quiet ? quietLogger(label) : logger(label)
        )
    }
}

/// What a command needs of the broker for a moment.
struct BrokerClient {
    let events: EventConsumer
    private let broker: SandmillRabbitMQ.Broker
    private let inspector: QueueInspector
    private let decoders: [String: SubmissionDecoder]

    init(_ configuration: Configuration) throws {
        decoders = configuration.decoders
        broker = try configuration.makeBroker(logger: "sandmill", quiet: true)
        events = EventConsumer(broker: broker)
        inspector = QueueInspector(broker: broker)
    }

    /// Publishes requests and returns once the broker has them all.
    ///
    /// They are read as a worker of this configuration will read them, so nothing is sent, and
    /// waited for, that is only going to be refused. Mistakes are told about `names`, if there are
    /// any.
    func submit(_ entries: [Submitter.Entry], names: [String] = []) async throws {
        try check(entries, names: names)
        let outcomes = try await publish { submitter in await submitter.submit(entries) }
        for (entry, outcome) in zip(entries, outcomes) { try outcome.check(pool: entry.pool) }
    }

    /// Publishes a batch as a plan says, and returns once the broker has all of it; see
    /// ``submit(_:names:)``.
    func submit(_ plan: BatchPlan) async throws {
        guard let message = plan.message else {
            try await submit(plan.entries, names: plan.draft.members.map(\.name))
            return
        }
        try check(plan.entries, names: plan.draft.members.map(\.name))
        let outcomes = try await publish { submitter in [await submitter.submit(message)] }
        for outcome in outcomes { try outcome.check(pool: plan.pool) }
    }

    /// Publishes messages, and returns what became of each.
    func publish(_ messages: [OutboundMessage]) async throws -> [PublishOutcome] {
        let publisher = ConfirmedPublisher(broker: broker)
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await publisher.run() }
            let outcomes = await publisher.publish(messages)
            group.cancelAll()
            return outcomes
        }
    }

    /// What every queue has.
    func queues() async throws(BrokerError) -> [BrokerQueue] {
        try await inspector.queues()
    }

    private func publish(
        _ body: (Submitter) async -> [PublishOutcome]
    ) async throws -> [PublishOutcome] {
        let publisher = ConfirmedPublisher(broker: broker)
        let outcomes = await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await publisher.run() }
            let outcomes = await body(Submitter(publisher: publisher))
            group.cancelAll()
            return outcomes
        }
        // The publisher goes on trying and keeps to itself why it has no connection; another tells.
        if !outcomes.contains(.confirmed) { try await events.withSubscription(to: []) { _ in } }
        return outcomes
    }

    private func check(_ entries: [Submitter.Entry], names: [String]) throws(ClientError) {
        let check = RequestCheck(
            decoders: decoders,
            publishers: broker.publishers,
            user: broker.user
        )
        for name in check.unknownPools(of: entries) {
            Terminal.writeError(
                "the pool \"\(name.printable)\" is not in the configuration; if no worker has it "
                    + "either, this becomes a dead letter"
            )
        }
        try check(entries, names: names)
    }
}
