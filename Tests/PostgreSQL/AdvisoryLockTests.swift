import PostgreSQL
import Testing

@Suite("An advisory lock", .serialized, .timeLimit(.minutes(5)))
struct AdvisoryLockTests {
    private let key = Int64.random(in: .min ... .max)

    @Test func onlyOneSessionHoldsIt() async throws {
        let configuration = try Server.configuration()
        let lock = try #require(await AdvisoryLock.acquire(key, configuration))
        #expect(lock.isHeld)
        #expect(try await AdvisoryLock.acquire(key, configuration) == nil)
        let other = try await AdvisoryLock.acquire(key &+ 1, configuration)
        #expect(other != nil)
        await lock.release()
        #expect(!lock.isHeld)
        try await expectFree()
    }

    @Test func itIsFreedAndItsHolderToldWhenTheSessionIsKilled() async throws {
        let configuration = try Server.configuration()
        let lock = try #require(await AdvisoryLock.acquire(key, configuration))
        let administrator = try await Connection.open(configuration)
        let killed = try await administrator.query(
            """
            select pg_terminate_backend(pid, 5000) from pg_locks
            where locktype = 'advisory' and ((classid::int8 << 32) | objid::int8) = $1
            """,
            [key]
        )
        #expect(killed.count == 1)
        await lock.waitUntilLost()
        #expect(!lock.isHeld)
        try await expectFree()
    }

    /// The server frees a lock a moment after the socket was closed.
    private func expectFree() async throws {
        let connection = try await Connection.open(try Server.configuration())
        try await connection.waitUntil("select pg_try_advisory_lock($1)", [key])
    }
}
