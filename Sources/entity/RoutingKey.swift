/// What leads a request to its queue: `<pool>.<level>`, or ``batch``.
public struct RoutingKey: Equatable, Sendable {
    /// The routing key of a batch in one message.
    public static let batch = "batch"

    /// The pool.
    public let pool: String
    /// The level.
    public let level: Level

    /// The key of a level's queue of a pool.
    public init(_ pool: String, _ level: Level) {
        self.pool = pool
        self.level = level
    }

    /// Reads `<pool>.<level>`, of which the pool may have dots; nil for anything else.
    public init?(_ text: String) {
        guard let dot = text.lastIndex(of: "."), Name.isValid(String(text[..<dot])),
            let level = Level(rawValue: String(text[text.index(after: dot)...]))
        else { return nil }
        self.init(String(text[..<dot]), level)
    }

    /// As it stands in a message.
    public var text: String { "\(pool).\(level.rawValue)" }
}
