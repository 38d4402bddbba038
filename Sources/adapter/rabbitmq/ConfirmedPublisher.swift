internal import AMQP
public import SandmillService
public import ServiceLifecycle

/// Publishes with confirms over one connection that is kept.
public actor ConfirmedPublisher: MessagePublisher, Service {
    /// How long a message waits for a connection before it counts as unconfirmed.
    private static let patience: Duration = .seconds(5)

    private let broker: Broker
    private var current: Publisher?
    private var waiters: [Int: CheckedContinuation<Publisher?, Never>] = [:]
    private var lastWaiter = 0

    /// Describes a publisher; it works while ``run()`` does.
    public init(broker: Broker) {
        self.broker = broker
    }

    /// Keeps the connection until a graceful shutdown.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await self.broker.supervisor(for: "publishing").run {
                connection throws(AMQPError) in
                let publisher = try await connection.openPublisher()
                await self.use(publisher)
                let reason = await connection.untilClosed()
                await self.use(nil)
                if let reason { throw reason }
            }
        }
    }

    /// Publishes each message and returns what became of it, in the same order.
    public func publish(_ messages: [OutboundMessage]) async -> [SandmillService.PublishOutcome] {
        guard !messages.isEmpty else { return [] }
        guard let publisher = await connectedPublisher() else {
            return messages.map { _ in .unconfirmed("there is no connection to the broker") }
        }
        let outcomes = await publisher.publish(messages.map(translate))
        if outcomes.contains(where: \.namesMissingExchange) {
            try? await broker.declareTopology()
        }
        return outcomes.map(SandmillService.PublishOutcome.init)
    }

    private func translate(_ message: OutboundMessage) -> Message {
        Message(
            exchange: broker.topology.name(of: message.exchange),
            routingKey: message.routingKey,
            properties: AMQP.MessageProperties(message.properties),
            body: message.body,
            isMandatory: message.isMandatory
        )
    }

    private func use(_ publisher: Publisher?) {
        current = publisher
        guard publisher != nil else { return }
        for id in Array(waiters.keys) { resume(id, with: publisher) }
    }

    private func connectedPublisher() async -> Publisher? {
        if let current { return current }
        lastWaiter += 1
        let id = lastWaiter
        return await withTaskGroup(of: Void.self) { group in
            group.addTask {
                try? await ContinuousClock().sleep(for: Self.patience)
                await self.resume(id, with: nil)
            }
            let publisher = await withCheckedContinuation { waiters[id] = $0 }
            group.cancelAll()
            return publisher
        }
    }

    private func resume(_ id: Int, with publisher: Publisher?) {
        waiters.removeValue(forKey: id)?.resume(returning: publisher)
    }
}

extension AMQP.PublishOutcome {
    /// Whether an exchange was deleted under us; only publishing notices that.
    fileprivate var namesMissingExchange: Bool {
        guard case .failed(let error) = self else { return false }
        return error.code == .notFound
    }
}

extension SandmillService.PublishOutcome {
    fileprivate init(_ outcome: AMQP.PublishOutcome) {
        switch outcome {
        case .confirmed: self = .confirmed
        case .rejected: self = .unconfirmed("the broker refused it, a queue may be full")
        case .returned: self = .unroutable
        case .failed(let error): self = .unconfirmed(error.message)
        }
    }
}
