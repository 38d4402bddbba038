/// Where the thread of a ``ThreadExecutor`` sleeps when it has no job to run.
///
/// A connection that must also notice its socket supplies its own: it waits for the socket and
/// for ``unpark()`` together, and handles what arrived before it returns. A return from
/// ``park()`` without a reason is harmless: the executor looks for jobs and parks again.
public protocol ThreadParking: Sendable {
    /// Sleeps until ``unpark()`` was called (also before this call), or until there is something
    /// to handle. Called on the executor's thread only.
    func park()

    /// Ends the current ``park()``, or makes the next one return at once. Any thread may call it.
    func unpark()
}
