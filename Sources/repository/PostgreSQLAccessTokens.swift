internal import FoundationEssentials
internal import PostgreSQL
public import SandmillService

/// Keeps access tokens in Postgres.
public struct PostgreSQLAccessTokens: AccessTokenStore {
    private let database: Database

    /// Keeps them in `database`.
    public init(_ database: Database) {
        self.database = database
    }

    /// Keeps a token.
    public func create(_ token: NewAccessToken) async throws(StoreError) -> AccessToken {
        try await database.access {
            let rows = try await database.pool.query(
                """
                insert into tokens (prefix, digest, name, tenant, role, expires_at)
                values ($1, $2, $3, $4, $5,
                    date_trunc('milliseconds', now()) + make_interval(secs => $6))
                returning *
                """,
                [
                    token.prefix,
                    Data(token.digest),
                    token.name,
                    token.tenant,
                    token.role.rawValue,
                    token.lifetime.map { $0 / .seconds(1) },
                ]
            )
            return try AccessToken(rows[0])
        }
    }

    /// Reads all tokens.
    public func list() async throws(StoreError) -> [AccessToken] {
        try await database.access {
            try await database.pool.query("select * from tokens order by created_at, prefix")
                .map { try AccessToken($0) }
        }
    }

    /// Ends a token.
    public func revoke(prefix: String) async throws(StoreError) -> AccessToken? {
        try await database.access {
            try await database.pool.query(
                """
                update tokens
                set revoked_at = coalesce(revoked_at, date_trunc('milliseconds', now()))
                where prefix = $1 returning *
                """,
                [prefix]
            )
            .first.map { try AccessToken($0) }
        }
    }

    /// Reads the tokens that count, by the database's clock.
    public func roster() async throws(StoreError) -> AccessRoster {
        try await database.access {
            let rows = try await database.pool.query(
                """
                select *, revoked_at is null and coalesce(expires_at > now(), true) as counts
                from tokens
                """
            )
            var tokens: [[UInt8]: AccessToken] = [:]
            for row in rows where try row["counts"] {
                let digest: Data = try row["digest"]
                tokens[Array(digest)] = try AccessToken(row)
            }
            return AccessRoster(tokens: tokens, hasEverHadTokens: !rows.isEmpty)
        }
    }

    /// Notes the minute in which tokens were used.
    public func markUsed(prefixes: [String]) async throws(StoreError) {
        guard !prefixes.isEmpty else { return }
        try await database.access {
            try await database.pool.query(
                """
                update tokens set last_used_at = date_trunc('minute', now())
                where prefix = any($1)
                    and coalesce(last_used_at < date_trunc('minute', now()), true)
                """,
                [prefixes]
            )
        }
    }
}

extension AccessToken {
    fileprivate init(_ row: Row) throws {
        let role: String = try row["role"]
        guard let role = AccessRole(rawValue: role) else {
            throw StoreError(.schemaMismatch, "a role of a later version")
        }
        self.init(
            prefix: try row["prefix"],
            name: try row["name"],
            tenant: try row["tenant"],
            role: role,
            createdAt: try row["created_at"],
            expiresAt: try row["expires_at"],
            revokedAt: try row["revoked_at"],
            lastUsedAt: try row["last_used_at"]
        )
    }
}
