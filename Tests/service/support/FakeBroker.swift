import FoundationEssentials
import SandmillEntity
import SandmillService
import Synchronization

/// A broker with one work queue: what is published to `submit` is delivered again.
final class FakeBroker: MessageSource, MessagePublisher {
    private struct State {
        var published: [OutboundMessage] = []
        var outcomes: [PublishOutcome] = []
    }

    /// The work queue.
    let queue: FakeSource
    private let journal: Journal
    private let state = Mutex(State())

    init(journal: Journal) {
        self.journal = journal
        queue = FakeSource(journal: journal)
    }

    var published: [OutboundMessage] { state.withLock { $0.published } }

    /// Makes these the outcomes of the next messages, instead of a confirm each.
    func answer(_ outcomes: [PublishOutcome]) {
        state.withLock { $0.outcomes = outcomes }
    }

    func deliver(_ request: RequestMessage, level: Level = .normal) {
        deliver(properties: request.properties, body: .complete(request.body), level: level)
    }

    func deliver(
        properties: MessageProperties,
        body: Delivery.Body,
        level: Level = .normal
    ) {
        queue.send(properties.messageID ?? "") { deliveries, settlement in
            Delivery(
                origin: .requests(level),
                queue: "sandmill.work.python.\(level.rawValue)",
                routingKey: "python.\(level.rawValue)",
                deliveries: deliveries,
                properties: properties,
                body: body,
                settlement: settlement
            )
        }
    }

    func run(deliver: @escaping @Sendable (Delivery) -> Void) async {
        await queue.run(deliver: deliver)
    }

    func publish(_ messages: [OutboundMessage]) async -> [PublishOutcome] {
        messages.map { message in
            let outcome = state.withLock { state in
                let outcome = state.outcomes.isEmpty ? .confirmed : state.outcomes.removeFirst()
                if outcome == .confirmed { state.published.append(message) }
                return outcome
            }
            guard outcome == .confirmed else { return outcome }
            journal.note(.sent(message.routingKey))
            if message.exchange == .submit {
                let level = message.routingKey.split(separator: ".").last.map(String.init)
                deliver(
                    properties: message.properties,
                    body: .complete(message.body),
                    level: level.flatMap(Level.init(rawValue:)) ?? .normal
                )
            }
            return outcome
        }
    }
}
