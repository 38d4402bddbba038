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
