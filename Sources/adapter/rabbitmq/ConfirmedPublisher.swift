internal import AMQP
public import SandmillService
public import ServiceLifecycle

/// Publishes with confirms over one connection that is kept.
///
/// A message that the broker refuses closes its channel, and takes along whatever else was on it. All
/// of that is sent again by itself, one message after the other, and tells which it was.
public actor ConfirmedPublisher: MessagePublisher, Service {
    /// How long a message waits for a connection before it counts as unconfirmed.
    private static let patience: Duration = .seconds(5)

    private struct Publishers {
        /// For everything.
        let usual: Publisher
        /// Has one message on its way at a time, so that what closes its channel is that message.
        let single: Publisher
    }

    private let broker: Broker
    private var current: Publishers?
    private var waiters: [Int: CheckedContinuation<Publishers?, Never>] = [:]
    private var lastWaiter = 0

    /// Describes a publisher; it works while ``run()`` does.
    public init(broker: Broker) {
        self.broker = broker
    }

    /// Whether there is a connection now.
    public var isConnected: Bool { current != nil }

    /// Keeps the connection until a graceful shutdown.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await self.broker.supervisor(for: "publishing").run {
                connection throws(AMQPError) in
                await self.use(
                    Publishers(
                        usual: try await connection.openPublisher(),
                        single: try await connection.openPublisher(channels: 1, window: 1)
                    )
                )
                let reason = await connection.untilClosed()
                await self.use(nil)
                if let reason { throw reason }
            }
        }
    }

    /// Publishes each message and returns what became of it, in the same order.
    public func publish(_ messages: [OutboundMessage]) async -> [SandmillService.PublishOutcome] {
        guard !messages.isEmpty else { return [] }
        guard let publishers = await connectedPublishers() else {
            return messages.map { _ in .unconfirmed("there is no connection to the broker") }
        }
        let messages = messages.map(broker.translate)
        var outcomes = await publishers.usual.publish(messages)
        let suspects = outcomes.indices.filter { outcomes[$0].closedItsChannel }
        if !suspects.isEmpty {
            if outcomes.contains(where: \.namesMissingExchange) {
                try? await broker.declareTopology()
            }
            let verdicts = await publishers.single.publish(suspects.map { messages[$0] })
            for (index, verdict) in zip(suspects, verdicts) { outcomes[index] = verdict }
        }
        return outcomes.map(SandmillService.PublishOutcome.init)
    }

    private func use(_ publishers: Publishers?) {
        current = publishers
        guard publishers != nil else { return }
        for id in Array(waiters.keys) { resume(id, with: publishers) }
    }

    private func connectedPublishers() async -> Publishers? {
        if let current { return current }
        lastWaiter += 1
        let id = lastWaiter
        return await withTaskGroup(of: Void.self) { group in
            group.addTask {
                try? await ContinuousClock().sleep(for: Self.patience)
                await self.resume(id, with: nil)
            }
            let publishers = await withCheckedContinuation { waiters[id] = $0 }
            group.cancelAll()
            return publishers
        }
    }

    private func resume(_ id: Int, with publishers: Publishers?) {
        waiters.removeValue(forKey: id)?.resume(returning: publishers)
    }
}

extension AMQP.PublishOutcome {
    /// Whether the broker closed the channel on which the message was.
    fileprivate var closedItsChannel: Bool {
        guard case .failed(let error) = self else { return false }
        return error.replyCode != nil && error.code != .connectionLost
    }

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
        case .rejected: self = .rejected("the broker rejected it, a queue may be full")
        case .returned: self = .unroutable
        case .failed(let error):
            switch error.code {
            // Other refusals are of a permission, an exchange or the broker's state, which change.
            case .preconditionFailed, .invalidArgument: self = .refused(error.message)
            default: self = .unconfirmed(error.message)
            }
        }
    }
}
