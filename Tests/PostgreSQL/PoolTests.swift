import Foundation
import PostgreSQL
import Testing

@Suite("A pool", .serialized, .timeLimit(.minutes(5)))
struct PoolTests {
    @Test func itNeverHasMoreConnectionsThanItsSize() async throws {
        var configuration = try Server.configuration()
        let name = "pool-\(UUID())"
        configuration.defaults["application_name"] = name
        // Their turn comes late on a busy machine.
        let pool = Pool(configuration, size: 3, acquireTimeout: .seconds(50))
        try await withThrowingTaskGroup { group in
            for number in 0..<60 {
                group.addTask {
                    let rows = try await pool.query("select $1", [number])
                    #expect(try rows[0][0] == number)
                }
            }
            try await group.waitForAll()
        }
        let count = try await pool.query(
            "select count(*) from pg_stat_activity where application_name = $1",
            [name]
        )
        #expect((1...3).contains(try count[0][0, as: Int.self]))
        pool.close()
    }

    @Test func thoseWhoWaitAreServedInTheirOrder() async throws {
        let pool = Pool(try Server.configuration(), size: 1)
        let (order, continuation) = AsyncStream.makeStream(of: Int.self)
        let gate = AsyncStream.makeStream(of: Void.self)
        try await withThrowingTaskGroup { group in
            let (taken, taking) = AsyncStream.makeStream(of: Void.self)
            group.addTask {
                try await pool.withConnection { _ in
                    taking.finish()
                    for await _ in gate.stream {}
                }
            }
            for await _ in taken {}
            for number in 0..<5 {
                group.addTask {
                    try await pool.withConnection { _ in _ = continuation.yield(number) }
                }
                while pool.waiterCount <= number, !Task.isCancelled { await Task.yield() }
            }
            gate.continuation.finish()
            try await group.waitForAll()
        }
        continuation.finish()
        var served: [Int] = []
        for await number in order { served.append(number) }
        #expect(served == [0, 1, 2, 3, 4])
    }

    /// The buffers of libpq grow to the largest statement and never shrink.
    @Test func aSessionThatCarriedMuchIsReplaced() async throws {
        let pool = Pool(try Server.configuration(), size: 1)
        defer { pool.close() }
        let session = "select pg_backend_pid()"
        let first: Int = try await pool.query(session)[0][0]
        try await pool.query("select length($1)", [String(repeating: "x", count: 1 << 20)])
        #expect(try await pool.query(session)[0][0] == first)
        try await pool.query("select length($1)", [String(repeating: "x", count: 3 << 20)])
        #expect(try await pool.query(session)[0][0] != first)
    }

    @Test func aSessionThatAnsweredMuchIsReplaced() async throws {
        let pool = Pool(try Server.configuration(), size: 1)
        defer { pool.close() }
        let session = "select pg_backend_pid()"
        let first: Int = try await pool.query(session)[0][0]
        try await pool.query("select repeat('x', $1)", [3 << 20 as Int32])
        #expect(try await pool.query(session)[0][0] != first)
    }

    @Test func aWaitEndsAtItsTimeout() async throws {
        let pool = Pool(
            try Server.configuration(),
            size: 1,
            acquireTimeout: .milliseconds(100)
        )
        try await pool.withConnection { _ in
            let error = try await failure { try await pool.query("select 1") }
            #expect(error.code == .poolTimedOut)
            #expect(error.isRetryable)
        }
        try await pool.query("select 1")
    }

    @Test func aWaitEndsWithItsTask() async throws {
        let pool = Pool(try Server.configuration(), size: 1)
        try await pool.withConnection { _ in
            let waiting = Task { try await failure { try await pool.query("select 1") } }
            while pool.waiterCount == 0, !Task.isCancelled { await Task.yield() }
            waiting.cancel()
            let error = try await waiting.value
            #expect(error.code == .cancelled)
        }
        try await pool.query("select 1")
    }

    @Test func aTerminatedSessionIsReplaced() async throws {
        let pool = Pool(try Server.configuration(), size: 1)
        let first = try await pool.withConnection { try $0.backendProcessID }
        let error = try await failure {
            try await pool.withConnection {
                try $0.query("select pg_terminate_backend(pg_backend_pid())")
            }
        }
        #expect(error.sqlState == SQLState(rawValue: "57P01"))
        #expect(error.isRetryable)
        let second = try await pool.withConnection { try $0.backendProcessID }
        #expect(first != second)
    }

    @Test func sessionsThatEndedWhileIdleAreReplacedUnseen() async throws {
        let pool = Pool(try Server.configuration(), size: 2)
        let connection = try await pool.withConnection { $0 }
        try await Server.terminate(connection)
        await connection.waitUntilClosed()
        #expect(try await pool.query("select 1")[0][0] == 1)
    }

    @Test func aTransactionLeftOpenIsRolledBack() async throws {
        try await Server.withSchema { configuration in
            let pool = Pool(configuration, size: 1)
            try await pool.withConnection { connection in
                try connection.execute(script: "create table t (n int8)")
                try connection.execute(script: "begin; insert into t values (1)")
            }
            #expect(try await pool.query("select count(*) from t")[0][0] == 0)
        }
    }

    @Test func itRecoversWhenTheServerCanBeReachedAgain() async throws {
        let proxy = try await Proxy()
        defer { proxy.stop() }
        let pool = Pool(proxy.configuration(try Server.configuration()), size: 2)
        try await pool.query("select 1")
        proxy.mode = .cuttingReplies
        for _ in 0..<5 {
            let error = try await failure { try await pool.query("select 1") }
            #expect(error.isRetryable)
        }
        proxy.mode = .forwarding
        let duration = try await ContinuousClock().measure { try await pool.query("select 1") }
        #expect(duration < Pool.maximumBackoff + .seconds(10))
    }

    @Test func aClosedPoolFailsItsWaitersAndCallers() async throws {
        let pool = Pool(try Server.configuration(), size: 1)
        try await pool.withConnection { _ in
            async let waiting = failure { try await pool.query("select 1") }
            while pool.waiterCount == 0, !Task.isCancelled { await Task.yield() }
            pool.close()
            let error = try await waiting
            #expect(error.code == .poolClosed)
        }
        let error = try await failure { try await pool.query("select 1") }
        #expect(error.code == .poolClosed)
    }
}
