import Foundation
import PostgreSQL
import SandmillEntity
import SandmillRepository
import SandmillService
import Testing

@Suite(.timeLimit(.minutes(5))) struct AccessTokenTests {
    private func token(
        _ prefix: String,
        role: AccessRole = .submit,
        lifetime: Duration? = nil
    ) -> NewAccessToken {
        NewAccessToken(
            prefix: prefix,
            digest: Array("digest of \(prefix)".utf8),
            name: "ci",
            tenant: "acme",
            role: role,
            lifetime: lifetime
        )
    }

    @Test func aNewTokenIsListedAndOnTheRoster() async throws {
        try await RecordStore.with { store in
            let tokens = PostgreSQLAccessTokens(store.database)
            #expect(try await tokens.roster() == AccessRoster(tokens: [:], hasEverHadTokens: false))
            let new = token("a", role: .operate, lifetime: .seconds(3_600))
            let kept = try await tokens.create(new)
            #expect(kept.tenant == "acme")
            #expect(kept.role == .operate)
            let expiry = try #require(kept.expiresAt)
            #expect(expiry.timeIntervalSince(kept.createdAt) == 3_600)
            #expect(try await tokens.list() == [kept])
            #expect(try await tokens.roster().tokens == [new.digest: kept])
        }
    }

    @Test func aRevokedTokenIsListedAndOffTheRoster() async throws {
        try await RecordStore.with { store in
            let tokens = PostgreSQLAccessTokens(store.database)
            _ = try await tokens.create(token("a"))
            let revoked = try #require(try await tokens.revoke(prefix: "a"))
            #expect(revoked.revokedAt != nil)
            #expect(try await tokens.revoke(prefix: "a") == revoked)
            #expect(try await tokens.revoke(prefix: "b") == nil)
            #expect(try await tokens.list() == [revoked])
            #expect(try await tokens.roster() == AccessRoster(tokens: [:], hasEverHadTokens: true))
        }
    }

    @Test func aTokenEndsByItself() async throws {
        try await RecordStore.with { store in
            let tokens = PostgreSQLAccessTokens(store.database)
            _ = try await tokens.create(token("a", lifetime: .seconds(60)))
            try await store.pool.query("update tokens set expires_at = now() - interval '1 s'")
            let roster = try await tokens.roster()
            #expect(roster.tokens.isEmpty)
            #expect(roster.hasEverHadTokens)
        }
    }

    @Test func useIsNotedToTheMinute() async throws {
        try await RecordStore.with { store in
            let tokens = PostgreSQLAccessTokens(store.database)
            for name in ["a", "b"] { _ = try await tokens.create(token(name)) }
            try await tokens.markUsed(prefixes: ["a", "unknown"])
            let used = try await tokens.list().map { $0.lastUsedAt }
            let minute = try #require(used[0])
            #expect(minute.timeIntervalSince1970.truncatingRemainder(dividingBy: 60) == 0)
            #expect(used[1] == nil)
        }
    }

    @Test func aSecretIsNowhereButItsHash() async throws {
        try await RecordStore.with { store in
            let tokens = PostgreSQLAccessTokens(store.database)
            _ = try await tokens.create(token("a"))
            let columns: String = try await store.value(
                """
                select string_agg(column_name, ' ' order by column_name)
                from information_schema.columns
                where table_schema = current_schema() and table_name = 'tokens'
                """
            )
            #expect(
                columns
                    == "created_at digest expires_at last_used_at name prefix revoked_at role tenant"
            )
        }
    }

    @Test func aPrefixIsTakenOnce() async throws {
        try await RecordStore.with { store in
            let tokens = PostgreSQLAccessTokens(store.database)
            _ = try await tokens.create(token("a"))
            await #expect(throws: StoreError.self) { try await tokens.create(token("a")) }
        }
    }
}
