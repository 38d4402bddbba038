public import FoundationEssentials
internal import SandmillEntity

/// A hint to all workers, by the control exchange; what is true stands in the record store.
public struct ControlMessage: Codable, Equatable, Sendable {
    /// Executions that are cancelled.
    public var cancel: [UUID]?
    /// A batch that is cancelled.
    public var cancelBatch: UUID?
    /// A pool for which executions wait in the store.
    public var parked: String?

    /// Puts a hint together.
    public init(cancel: [UUID]? = nil, cancelBatch: UUID? = nil, parked: String? = nil) {
        self.cancel = cancel
        self.cancelBatch = cancelBatch
        self.parked = parked
    }

    /// Reads a hint; nil for what only a later version knows.
    public init?(_ body: [UInt8]) {
        guard let message = try? JSONDecoder().decode(ControlMessage.self, from: Data(body)) else {
            return nil
        }
        self = message
    }

    /// The message.
    public var outboundMessage: OutboundMessage {
        OutboundMessage(
            exchange: .control,
            routingKey: "",
            properties: MessageProperties(contentType: "application/json", appID: "sandmill"),
            body: DocumentCoder.encode(self)
        )
    }

    private enum CodingKeys: String, CodingKey {
        case cancel
        case cancelBatch = "cancel_batch"
        case parked
    }
}
