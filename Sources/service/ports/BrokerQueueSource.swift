/// Tells what waits in the broker.
public protocol BrokerQueueSource: Sendable {
    /// Looks into every queue of the installation, in a fixed order.
    func queues() async throws(BrokerError) -> [BrokerQueue]
}
