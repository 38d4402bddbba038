/// The keys of log metadata, so that an operator can search for them.
public enum LogKey {
    /// An execution's id.
    public static let execution = "execution"
    /// The attempt's number.
    public static let attempt = "attempt"
    /// A pool's name.
    public static let pool = "pool"
    /// A container's id.
    public static let sandbox = "sandbox"
    /// A worker's id.
    public static let worker = "worker"
    /// A queue's name.
    public static let queue = "queue"
    /// Why something happened.
    public static let reason = "reason"
    /// How many.
    public static let count = "count"
}
