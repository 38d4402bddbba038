internal import PostgreSQL
public import SandmillService

/// Brings the schema up to the version of this program.
public struct Migrator: Sendable {
    private let database: Database
    private let migrations: [Migration]

    /// Migrates the schema of `database`.
    public init(_ database: Database) {
        self.init(database, migrations: Migration.all)
    }

    init(_ database: Database, migrations: [Migration]) {
        self.database = database
        self.migrations = migrations
    }

    /// Takes the steps that are missing, all in one transaction, and then makes the indexes of tables that have
    /// rows, one by one, while others write to these (`create index concurrently`).
    ///
    /// Of two that run at once one waits for the other, up to ten minutes, and then finds nothing
    /// to do. A schema of a later version is left as it is. Who dies between the steps and their indexes
    /// leaves these to the next.
    ///
    /// - Returns: The names of the steps that were taken.
    public func migrate() async throws(StoreError) -> [String] {
        try await database.access {
            let deadline = ContinuousClock.now + .seconds(600)
            let lock = try await lock(until: deadline)
            do {
                let names = try await takeSteps(until: deadline)
                for index in migrations.flatMap(\.indexes) { try await make(index, lock) }
                await lock.release()
                return names
            } catch {
                await lock.release()
                throw error
            }
        }
    }

    /// Waits until no other migrates; in no transaction, since whoever makes an index waits for the end of those.
    private func lock(until deadline: ContinuousClock.Instant) async throws -> AdvisoryLock {
        let key: Int64 = try await database.pool.query(
            "select hashtextextended($1, 0)",
            ["sandmill migrations of \(database.schema)"]
        )[0][0]
        while true {
            if let lock = try await AdvisoryLock.acquire(key, database.configuration) {
                return lock
            }
            try await Self.pause(until: deadline)
        }
    }

    /// Takes the steps that are missing, as soon as nobody uses a table that is altered.
    ///
    /// It waits for that a second at a time: behind it wait all others that use the table.
    private func takeSteps(until deadline: ContinuousClock.Instant) async throws -> [String] {
        let (schema, migrations) = (database.schema, migrations)
        while true {
            do {
                return try await database.pool.withTransaction { connection in
                    try connection.execute(
                        script: """
                            set local lock_timeout = '1s';
                            create schema if not exists \(Database.quoted(schema));
                            create table if not exists schema_migrations (
                                version int primary key,
                                name text not null,
                                applied_at timestamptz not null default now()
                            )
                            """
                    )
                    let applied = try Self.versions(try connection.query(Self.versionsQuery))
                    let missing = migrations.filter { !applied.contains($0.version) }
                    for migration in missing { try Self.take(migration, on: connection) }
                    return missing.map(\.name)
                }
            } catch let error as PostgreSQLError where error.sqlState == .lockNotAvailable {
                try await Self.pause(until: deadline)
            }
        }
    }

    /// Takes a step, with the indexes of tables that are empty.
    private static func take(_ migration: Migration, on connection: isolated Connection) throws {
        try connection.execute(script: migration.script, timeout: .seconds(600))
        for index in migration.indexes {
            let rows = try connection.queryOnce("select from \(index.table) limit 1")
            guard rows.isEmpty else { continue }
            try connection.execute(script: "create index \(index.name) on \(index.definition)")
        }
        try connection.query(
            "insert into schema_migrations (version, name) values ($1, $2)",
            [migration.version, migration.name]
        )
    }

    /// Makes an index that is not there; one of somebody who died while making it is of no use.
    private func make(_ index: Migration.Index, _ session: AdvisoryLock) async throws {
        let isValid: Bool? = try await session.query(
            """
            select indisvalid from pg_index
            where indexrelid = to_regclass(quote_ident($1))
            """,
            [index.name]
        )
        .first.map { try $0[0] }
        if isValid == true { return }
        try await session.query("set lock_timeout = 0")
        if isValid == false {
            try await session.query("drop index concurrently \(index.name)", timeout: .seconds(600))
        }
        try await session.query(
            "create index concurrently \(index.name) on \(index.definition)",
            timeout: .seconds(86_400)
        )
    }

    private static func pause(until deadline: ContinuousClock.Instant) async throws {
        guard ContinuousClock.now < deadline else {
            throw StoreError(.unavailable, "others have kept it from migrating for ten minutes")
        }
        try await ContinuousClock().sleep(for: .milliseconds(250))
    }

    /// Checks that the schema has every step that this program needs.
    ///
    /// - Throws: ``StoreError/Code/schemaMismatch`` when it does not.
    public func check() async throws(StoreError) {
        let applied: Set<Int>
        do throws(StoreError) {
            applied = try await database.access {
                try Self.versions(try await database.pool.query(Self.versionsQuery))
            }
        } catch {
            guard error.code == .schemaMismatch else { throw error }
            throw StoreError(.schemaMismatch, "there is no schema \(database.schema) of ours")
        }
        guard let missing = migrations.first(where: { !applied.contains($0.version) }) else {
            return
        }
        throw StoreError(.schemaMismatch, "the schema lacks step \(missing.version)")
    }

    private static let versionsQuery = "select version from schema_migrations"

    private static func versions(_ rows: Rows) throws(PostgreSQLError) -> Set<Int> {
        var versions: Set<Int> = []
        for row in rows { versions.insert(try row["version"]) }
        return versions
    }
}
