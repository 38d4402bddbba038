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

    /// Takes the steps that are missing, all in one transaction.
    ///
    /// Of two that run at once one waits for the other, up to ten minutes, and then finds nothing
    /// to do. A schema of a later version is left as it is.
    ///
    /// - Returns: The names of the steps that were taken.
    public func migrate() async throws(StoreError) -> [String] {
        let (schema, migrations) = (database.schema, migrations)
        return try await database.access {
            try await database.pool.withTransaction { connection in
                // The other migrator, and whoever uses a table that is altered, is waited for.
                try connection.execute(script: "set local lock_timeout = 0")
                try connection.query(
                    "select pg_advisory_xact_lock(hashtextextended($1, 0))",
                    ["sandmill migrations of \(schema)"],
                    timeout: .seconds(600)
                )
                try connection.execute(
                    script: """
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
                for migration in missing {
                    try connection.execute(script: migration.script, timeout: .seconds(600))
                    try connection.query(
                        "insert into schema_migrations (version, name) values ($1, $2)",
                        [migration.version, migration.name]
                    )
                }
                return missing.map(\.name)
            }
        }
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
