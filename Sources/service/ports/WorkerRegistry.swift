public import FoundationEssentials

/// Who is alive: one row and one session advisory lock a worker.
///
/// The lock is held by a connection of its own, so the server drops it the moment the worker's
/// process is gone; the row carries a lease that is renewed every 10 s for 30 s.
public protocol WorkerRegistry: Sendable {
    /// Enters a worker and takes its lock.
    ///
    /// - Throws: ``StoreError/Code/workerIDTaken`` when another process holds the lock.
    func register(worker: String, version: String) async throws(StoreError)

    /// Keeps the lock (taking it again after a lost connection), and renews the lease when 10 s have
    /// passed; waits for nothing that other statements of this worker wait for.
    ///
    /// - Returns: When the lease was asked for that is held now.
    func heartbeat(worker: String) async throws(StoreError) -> ContinuousClock.Instant

    /// Tells which workers nobody holds the lock of, or whose lease has ended, or who have executions and
    /// are on no list.
    func abandonedWorkers() async throws(StoreError) -> [String]

    /// Takes over what a dead worker left, in one transaction: its running executions go back to
    /// `queued` with their messages due in the outbox at once, its outbox leases end, its
    /// sandboxes and its row are removed. A worker that is its own successor takes over what it
    /// ran before it registered, and keeps its row.
    ///
    /// The worker is charged to those that may have killed it: those that had a sandbox
    /// (``ExecutionStore/markSandboxed(_:)``), and those that have never lost one, of which nobody
    /// knows.
    ///
    /// What the successor has to finish has the `token`.
    ///
    /// - Returns: The executions that have now lost three workers. They stay `running`, as a new
    ///   attempt of `successor`, which must finish them.
    func reclaim(
        worker: String,
        successor: String,
        token: UUID
    ) async throws(StoreError) -> [UnstartedExecution]

    /// Reads what the store says that a worker runs.
    func runningAttempts(of worker: String) async throws(StoreError) -> [RunningAttempt]

    /// Puts back what a worker runs by its record and not in truth, as ``reclaim(worker:successor:token:)``
    /// does, but charges nothing. What has changed since it was read stays.
    ///
    /// - Returns: As that, for executions that have lost three workers before.
    func putBack(
        _ attempts: [RunningAttempt],
        of worker: String,
        token: UUID
    ) async throws(StoreError) -> [UnstartedExecution]

    /// Removes the row and gives the lock back.
    ///
    /// The row of a worker that leaves running executions behind stays, so that others find it
    /// dead and take them over.
    func deregister(worker: String) async throws(StoreError)

    /// Writes down the state of every sandbox of a worker, in place of what was there.
    func record(
        sandboxes: [SandboxRecord],
        worker: String
    ) async throws(StoreError)

    /// Reads the sandboxes of all workers.
    func sandboxes() async throws(StoreError) -> [SandboxRecord]
}
