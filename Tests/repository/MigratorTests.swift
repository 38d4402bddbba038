import PostgreSQL
import SandmillService
import StoreConformance
import Testing

@testable import SandmillRepository

@Suite("The migrator", .serialized, .timeLimit(.minutes(5)))
struct MigratorTests {
    @Test func itTakesEachStepOnce() async throws {
        try await RecordStore.with { store in
            #expect(try await Migrator(store.database).migrate().isEmpty)
            try await Migrator(store.database).check()
            #expect(
                try await store.value(
                    "select array_agg(name order by version) from schema_migrations"
                ) == Migration.all.map(\.name)
            )
        }
    }

    @Test func anyNameIsTheNameOfASchema() async throws {
        let schema = "\(RecordStore.newSchema()) \"; select 1"
        try await RecordStore.with(schema: schema) { store in
            try await Migrator(store.database).check()
            #expect(try await store.value("select current_schema()") == schema)
        }
    }

    @Test func ofTwoAtOnceOneWinsAndTheOtherWaits() async throws {
        let schema = RecordStore.newSchema()
        let store = try RecordStore(schema: schema)
        async let first = Migrator(store.database).migrate()
        async let second = Migrator(store.database).migrate()
        let steps = try await [first, second]
        #expect(steps.map(\.count).sorted() == [0, Migration.all.count])
        try await store.pool.query("drop schema \"\(schema)\" cascade")
    }

    @Test func aStepThatFailsLeavesNothing() async throws {
        let schema = RecordStore.newSchema()
        let store = try RecordStore(schema: schema)
        let broken = Migration.next("broken", script: "create table t (n int); oops")
        let migrator = Migrator(store.database, migrations: Migration.all + [broken])
        let error = try await storeFailure { try await migrator.migrate() }
        #expect(error.code == .internal)
        #expect(try await store.value("select to_regnamespace($1) is null", ["\"\(schema)\""]))
    }

    /// The table has rows, so that its index is made while others write.
    @Test func anIndexIsMadeWhileOthersWrite() async throws {
        let schema = RecordStore.newSchema()
        let store = try RecordStore(schema: schema)
        let before = Migration.all.filter { $0.version < 12 }
        _ = try await Migrator(store.database, migrations: before).migrate()
        try await store.pool.query(
            """
            insert into executions (
                id, tenant, pool, level, runtime, labels, state, attempt, submitted_at, available_at,
                finished_at, request_properties, request_digest)
            select gen_random_uuid(), 't', 'p', 'normal', 'r', '{}', 'succeeded', 1, now(), now(),
                now(), '{}', '' from generate_series(1, 100) as n
            """
        )
        // One who works and has not committed yet: what alters the table waits for it, a second at a time.
        let (steps, wasBlocked) = try await store.pool.withConnection { writer in
            try writer.query("begin")
            try writer.query("update executions set worker = 'w'")
            async let steps = Migrator(store.database).migrate()
            // Others are let in between two attempts.
            let deadline = ContinuousClock.now + .seconds(30)
            var wasBlocked = false
            while !wasBlocked, ContinuousClock.now < deadline {
                wasBlocked = try await store.value(
                    """
                    select exists (select from pg_locks where not granted
                        and relation = 'executions'::regclass)
                    """
                )
            }
            try writer.query("select count(*) from executions")
            try writer.query("commit")
            return (try await steps, wasBlocked)
        }
        #expect(steps.first == "retention")
        #expect(wasBlocked)
        let indexes = Migration.all.flatMap(\.indexes).map(\.name)
        func valid() async throws -> [String] {
            try await store.pool.query(
                """
                select relname from pg_index join pg_class on pg_class.oid = indexrelid
                where indisvalid and relname = any($1) and relnamespace = quote_ident(current_schema())::regnamespace
                """,
                [indexes]
            )
            .map { try $0["relname"] }
        }
        #expect(try await Set(valid()) == Set(indexes))
        // Somebody died while making one, and somebody before.
        try await store.pool.query(
            """
            update pg_index set indisvalid = false
            where indexrelid = 'executions_ended'::regclass
            """
        )
        try await store.pool.query("drop index executions_retained")
        #expect(try await Migrator(store.database).migrate().isEmpty)
        #expect(try await Set(valid()) == Set(indexes))
        try await store.pool.query("drop schema \"\(schema)\" cascade")
    }

    @Test func aSchemaThatIsMissingOrOlderIsAMismatch() async throws {
        let missing = try RecordStore(schema: RecordStore.newSchema())
        let error = try await storeFailure { try await Migrator(missing.database).check() }
        #expect(error.code == .schemaMismatch)
        let claim = try await storeFailure { try await missing.executions.claim([.sample()]) }
        #expect(claim.code == .schemaMismatch)

        try await RecordStore.with { store in
            let next = Migration.next("next", script: "")
            let later = Migrator(store.database, migrations: Migration.all + [next])
            let error = try await storeFailure { try await later.check() }
            #expect(error.code == .schemaMismatch)
            #expect(try await later.migrate() == ["next"])
            // The version before runs on.
            try await Migrator(store.database).check()
            #expect(try await store.claim(.sample()) == 1)
        }
    }
}

extension Migration {
    /// A step after all there are.
    fileprivate static func next(_ name: String, script: String) -> Migration {
        Migration(version: (all.map(\.version).max() ?? 0) + 1, name: name, script: script)
    }
}
