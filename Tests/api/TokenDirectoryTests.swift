import Logging
import SandmillService
import TestSupport
import Testing

@testable import SandmillAPI

@Suite(.timeLimit(.minutes(5))) struct TokenDirectoryTests {
    private let tokens = FakeTokens()
    private let directory: TokenDirectory

    init() {
        let logger = Logger.silent
        directory = TokenDirectory(store: tokens, logger: logger)
    }

    private func create() throws -> TokenSecret {
        let secret = TokenSecret.random()
        _ = try tokens.create(
            NewAccessToken(
                prefix: secret.prefix,
                digest: secret.digest,
                name: "ci",
                tenant: "acme",
                role: .submit,
                lifetime: nil
            )
        )
        return secret
    }

    @Test func aTokenIsKnownByAllOfItsText() async throws {
        let secret = try create()
        try await directory.load()
        #expect(try directory.token(secret.text)?.tenant == "acme")
        #expect(try directory.token(String(secret.text.dropLast())) == nil)
        #expect(try directory.token(secret.prefix) == nil)
        #expect(try directory.token("") == nil)
    }

    @Test func aRevokedTokenCountsNoMore() async throws {
        let secret = try create()
        try await directory.load()
        _ = try tokens.revoke(prefix: secret.prefix)
        try await directory.load()
        #expect(try directory.token(secret.text) == nil)
        #expect(try !directory.isOpen())
        #expect(!directory.hasTokens)
    }

    @Test func withoutAnyTokenEverItIsOpen() async throws {
        try await directory.load()
        #expect(try directory.isOpen())
        #expect(directory.hasNeverHadTokens)
    }

    @Test func nobodyIsLetInBeforeTheTokensWereRead() throws {
        let secret = try create()
        #expect(throws: TokenDirectory.Stale.self) { try directory.token(secret.text) }
        #expect(throws: TokenDirectory.Stale.self) { try directory.isOpen() }
    }

    @Test func whenTheTokensCannotBeReadForTenSecondsNobodyIsLetIn() async throws {
        let secret = try create()
        let clock = ContinuousClock()
        let start = clock.now
        try await directory.load()
        tokens.goAway()
        while (try? directory.token(secret.text)) != nil {
            try await clock.sleep(for: .milliseconds(50))
        }
        #expect(clock.now - start >= .seconds(10))
        #expect(throws: TokenDirectory.Stale.self) { try directory.token(secret.text) }
        #expect(throws: TokenDirectory.Stale.self) { try directory.isOpen() }
    }

    @Test func tokensAre256RandomBits() {
        let secrets = (0..<1_000).map { _ in TokenSecret.random() }
        #expect(Set(secrets.map(\.text)).count == 1_000)
        for secret in secrets {
            #expect(secret.text.wholeMatch(of: /sandmill_[0-9a-f]{8}_[A-Za-z0-9_-]{43}/) != nil)
            #expect(secret.text.contains("_\(secret.prefix)_"))
            #expect(secret.digest.count == 32)
        }
    }
}
