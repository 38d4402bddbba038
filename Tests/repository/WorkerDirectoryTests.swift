import Foundation
import PostgreSQL
import SandmillEntity
import SandmillRepository
import SandmillService
import Testing

/// What operators see of workers, and ask of them.
@Suite(.timeLimit(.minutes(5))) struct WorkerDirectoryTests {
    private static let report = WorkerReport(
        slots: ["python": 4],
        runtimes: ["python": ["python", "c"]],
        unacknowledged: ["q": 2],
        isDrained: false
    )

    @Test func aWorkerTellsWhatItHasAndIsToldToDrain() async throws {
        try await RecordStore.with { store in
            let registry = PostgreSQLWorkerRegistry(store.database)
            let directory = PostgreSQLWorkerDirectory(store.database)
            try await registry.register(worker: "a", version: "1")
            #expect(try await registry.report(Self.report, of: "a") == false)
            let active = try #require(try await directory.workers().first)
            #expect(active.state == .active)
            #expect(active.slots == ["python": 4])
            #expect(active.runtimes == ["python": ["python", "c"]])
            #expect(active.unacknowledged == ["q": 2])

            let asked = try #require(try await directory.drain(worker: "a", isWanted: true))
            #expect(asked.state == .draining)
            #expect(try await registry.report(Self.report, of: "a"))
            var empty = Self.report
            empty.isDrained = true
            #expect(try await registry.report(empty, of: "a"))
            #expect(try await directory.workers().map(\.state) == [.drained])
            // Asking again changes nothing.
            let again = try #require(try await directory.drain(worker: "a", isWanted: true))
            #expect(again.drainingSince == asked.drainingSince)
            #expect(again.state == .drained)

            let undone = try await directory.drain(worker: "a", isWanted: false)
            #expect(undone?.state == .active)
            #expect(try await registry.report(empty, of: "a") == false)
            #expect(try await directory.workers().map(\.drainedAt) == [nil])
            #expect(try await directory.drain(worker: "b", isWanted: true) == nil)
        }
    }

    @Test func aDrainOutlivesTheProcessButNotAStopInGoodOrder() async throws {
        try await RecordStore.with { store in
            let directory = PostgreSQLWorkerDirectory(store.database)
            do {
                let registry = PostgreSQLWorkerRegistry(store.database)
                try await registry.register(worker: "a", version: "1")
                _ = try await directory.drain(worker: "a", isWanted: true)
                #expect(try await registry.report(Self.report, of: "a"))
                // Somebody takes it for dead, and it writes its row again.
                try await store.pool.query("delete from workers")
                _ = try await registry.report(Self.report, of: "a")
            }
            let before = PostgreSQLWorkerRegistry(store.database)
            try await eventuallyRegister("a", in: before)
            _ = try await directory.drain(worker: "a", isWanted: true)
            _ = try await before.report(Self.report, of: "a")
            try await before.deregister(worker: "a")
            let next = PostgreSQLWorkerRegistry(store.database)
            try await next.register(worker: "a", version: "1")
            #expect(try await next.report(Self.report, of: "a") == false)
            _ = try await directory.drain(worker: "a", isWanted: true)
            try await store.pool.query(
                """
                select pg_terminate_backend(pid) from pg_locks
                where locktype = 'advisory' and objsubid = 1 and database = (
                    select oid from pg_database where datname = current_database())
                    and (classid::int8 << 32 | objid::int8) = hashtextextended(
                        'sandmill ' || current_schema() || ' worker a', 0)
                """
            )
            let successor = PostgreSQLWorkerRegistry(store.database)
            try await eventuallyRegister("a", in: successor)
            #expect(try await successor.report(Self.report, of: "a"))
        }
    }

    /// Registers a worker once the lock of its last process is gone.
    private func eventuallyRegister(
        _ worker: String,
        in registry: PostgreSQLWorkerRegistry
    ) async throws {
        let end = ContinuousClock.now + .seconds(30)
        while true {
            do throws(StoreError) {
                return try await registry.register(worker: worker, version: "1")
            } catch {
                guard error.code == .workerIDTaken, .now < end else { throw error }
                await Task.yield()
            }
        }
    }
}
