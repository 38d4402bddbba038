/// What a ``Connection`` tells its observer.
public enum ConnectionEvent: Hashable, Sendable {
    /// The broker refuses to read what is published until a resource alarm ends; publishing waits.
    case blocked(reason: String)
    /// Publishing goes on.
    case unblocked
    /// The connection ended.
    case closed(AMQPError)
}
