internal import Synchronization

/// A bounded number of connections, opened on demand, for any number of tasks.
///
/// Tasks get connections in the order of their arrival. A connection whose session ended is
/// replaced when it is next needed; after a failure to open one, the next attempts wait, up to
/// ``maximumBackoff`` and at random, so that a server that comes back is not stormed.
public final class Pool: Sendable {
    private typealias Waiter = CheckedContinuation<Result<Connection?, PostgreSQLError>, Never>

    /// The longest wait before an attempt to open a connection after earlier ones failed.
    public static let maximumBackoff: Duration = .seconds(2)
    private static let firstBackoff: Duration = .milliseconds(50)

    private let configuration: ConnectionConfiguration
    private let acquireTimeout: Duration
    private let state: Mutex<PoolState<Connection, Waiter>>
    private let lastWaiter = Atomic(0)
    private let failureCount = Atomic(0)

    /// Makes a pool that has no connection yet.
    ///
    /// - Parameters:
    ///   - configuration: For each of its connections.
    ///   - size: How many connections it may have, at least 1.
    ///   - acquireTimeout: How long a task waits for a connection of others. If one must be
    ///     opened, the time for that comes on top.
    public init(
        _ configuration: ConnectionConfiguration,
        size: Int,
        acquireTimeout: Duration = .seconds(10)
    ) {
        self.configuration = configuration
        self.acquireTimeout = acquireTimeout
        state = Mutex(PoolState(limit: size))
    }

    /// Runs one statement on any connection; see ``Connection/query(_:_:timeout:)``.
    ///
    /// - Throws: As that, and as ``withConnection(_:)``.
    @discardableResult
    public func query(
        _ sql: String,
        _ parameters: [any PostgreSQLValue] = [],
        timeout: Duration? = nil
    ) async throws(PostgreSQLError) -> Rows {
        let connection = try await acquire()
        defer { release(connection) }
        return try await connection.lend { connection throws(PostgreSQLError) in
            try connection.query(sql, parameters, timeout: timeout)
        }
    }

    /// Runs statements as one transaction; see ``Connection/withTransaction(_:)``.
    ///
    /// - Throws: As that, and as ``withConnection(_:)``.
    @discardableResult
    public func withTransaction<Result: Sendable>(
        _ body: @Sendable (isolated Connection) throws -> Result
    ) async throws -> Result {
        try await withConnection { try $0.withTransaction(body) }
    }

    /// Lends a connection for the length of `body`, which runs on its thread.
    ///
    /// A transaction that `body` left open is rolled back. Settings of the session stay.
    ///
    /// - Throws: What `body` throws; ``PostgreSQLError/Code/poolTimedOut``,
    ///   ``PostgreSQLError/Code/poolClosed``, ``PostgreSQLError/Code/cancelled``; and what
    ///   ``Connection/open(_:)`` throws.
    public func withConnection<Result: Sendable>(
        _ body: @Sendable (isolated Connection) async throws -> Result
    ) async throws -> Result {
        let connection = try await acquire()
        defer { release(connection) }
        return try await connection.lend(body)
    }

    /// How many tasks wait for a connection of others.
    public var waiterCount: Int { state.withLock { $0.waiters.count } }

    /// Closes the connections, those in use as soon as they are given back; those who wait fail.
    public func close() {
        for waiter in state.withLock({ $0.close() }) {
            waiter.resume(returning: .failure(PostgreSQLError(.poolClosed, "")))
        }
    }
}

// MARK: - Leases

extension Pool {
    private func acquire() async throws(PostgreSQLError) -> Connection {
        let deadline = ContinuousClock.now + acquireTimeout
        if let connection = try await lease(until: deadline), !connection.isClosed {
            return connection
        }
        do {
            return try await open(by: deadline)
        } catch {
            release(nil)
            throw error
        }
    }

    private func release(_ connection: Connection?) {
        let connection = connection?.isClosed == true ? nil : connection
        state.withLock { $0.release(connection) }?.resume(returning: .success(connection))
    }

    private func lease(
        until deadline: ContinuousClock.Instant
    ) async throws(PostgreSQLError) -> Connection? {
        switch state.withLock({ $0.acquire() }) {
        case .leased(let connection): connection
        case .closed: throw PostgreSQLError(.poolClosed, "")
        case .mustWait: try await wait(until: deadline).get()
        }
    }

    private func wait(
        until deadline: ContinuousClock.Instant
    ) async -> Result<Connection?, PostgreSQLError> {
        let id = lastWaiter.add(1, ordering: .relaxed).newValue
        async let _: Void = expire(id, at: deadline)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                switch state.withLock({ $0.acquire(orEnqueue: waiter, id: id) }) {
                case .leased(let connection): waiter.resume(returning: .success(connection))
                case .closed: waiter.resume(returning: .failure(PostgreSQLError(.poolClosed, "")))
                case .mustWait:
                    // What came before it was in the queue found nobody there.
                    if Task.isCancelled { fail(id, .cancelled) }
                    if ContinuousClock.now >= deadline { fail(id, .poolTimedOut) }
                }
            }
        } onCancel: {
            fail(id, .cancelled)
        }
    }

    private func expire(_ id: Int, at deadline: ContinuousClock.Instant) async {
        do {
            try await Task.sleep(until: deadline, clock: .continuous)
            fail(id, .poolTimedOut)
        } catch {
            // The wait ended first.
        }
    }

    private func fail(_ id: Int, _ code: PostgreSQLError.Code) {
        state.withLock { $0.removeWaiter(id) }?
            .resume(returning: .failure(PostgreSQLError(code, "")))
    }
}

// MARK: - Opening

extension Pool {
    private func open(
        by deadline: ContinuousClock.Instant
    ) async throws(PostgreSQLError) -> Connection {
        try await backOff(until: deadline)
        do {
            let connection = try await Connection.open(configuration)
            failureCount.store(0, ordering: .relaxed)
            return connection
        } catch {
            failureCount.add(1, ordering: .relaxed)
            throw error
        }
    }

    /// Waits after failures to open: exponential, with full jitter.
    private func backOff(until deadline: ContinuousClock.Instant) async throws(PostgreSQLError) {
        let failures = failureCount.load(ordering: .relaxed)
        guard failures > 0 else { return }
        let ceiling = min(Self.firstBackoff * (1 << min(failures - 1, 16)), Self.maximumBackoff)
        let end = ContinuousClock.now + ceiling * Double.random(in: 0...1)
        do {
            try await Task.sleep(until: min(end, deadline), clock: .continuous)
        } catch {
            throw PostgreSQLError(.cancelled, "")
        }
    }
}

extension Connection {
    /// Runs `body` for a borrower, and ends a transaction that it left open, or a session that has grown.
    fileprivate func lend<Result: Sendable, Failure: Error>(
        _ body: @Sendable (isolated Connection) async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        defer {
            closeUnlessRolledBack()
            closeIfLarge()
        }
        return try await body(self)
    }
}
