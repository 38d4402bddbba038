internal import AMQP
internal import SandmillService

extension BrokerError {
    init(_ error: AMQPError) {
        switch error.code {
        case .accessRefused, .virtualHostRefused, .invalidURL, .tlsFailed:
            self.init(.refused, error.message)
        case .preconditionFailed:
            self.init(.topologyDiffers, error.message)
        default:
            self.init(.unavailable, error.message)
        }
    }

    init(_ differences: [Topology.Difference]) {
        let lines = differences.map { "  \($0.object) \($0.detail)" }
        self.init(
            .topologyDiffers,
            "the broker has another topology than this version declares\n"
                + lines.joined(separator: "\n")
        )
    }
}
