import SandmillEntity
import SandmillService

extension Delivery {
    static func named(
        _ name: String,
        level: Level = .normal,
        size: Int = 0,
        isStale: @escaping @Sendable () -> Bool = { false }
    ) -> Delivery {
        Delivery(
            origin: .requests(level),
            queue: "queue",
            routingKey: "python.\(level.rawValue)",
            properties: MessageProperties(messageID: name),
            body: .complete([UInt8](repeating: 0, count: size)),
            settlement: Settlement(acknowledge: {}, release: {}, isStale: isStale)
        )
    }
}
