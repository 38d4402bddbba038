import FoundationEssentials
import SandmillService
import Synchronization

/// Tokens in memory, which can be made to fail.
final class FakeTokens: AccessTokenStore {
    private struct State {
        var roster = AccessRoster(tokens: [:], hasEverHadTokens: false)
        var used: [String] = []
        var isAway = false
    }

    private let state = Mutex(State())

    /// Which were used, as it was told.
    var used: [String] { state.withLock { $0.used } }

    /// Lets every call fail.
    func goAway() { state.withLock { $0.isAway = true } }

    func create(_ token: NewAccessToken) throws(StoreError) -> AccessToken {
        let kept = AccessToken(
            prefix: token.prefix,
            name: token.name,
            tenant: token.tenant,
            role: token.role,
            createdAt: .init(timeIntervalSince1970: 0),
            expiresAt: nil,
            revokedAt: nil,
            lastUsedAt: nil
        )
        state.withLock { state in
            state.roster.tokens[token.digest] = kept
            state.roster.hasEverHadTokens = true
        }
        return kept
    }

    func list() throws(StoreError) -> [AccessToken] {
        state.withLock { Array($0.roster.tokens.values) }
    }

    func revoke(prefix: String) throws(StoreError) -> AccessToken? {
        state.withLock { state in
            let entry = state.roster.tokens.first { $0.value.prefix == prefix }
            return entry.flatMap { state.roster.tokens.removeValue(forKey: $0.key) }
        }
    }

    func roster() throws(StoreError) -> AccessRoster {
        let (roster, isAway) = state.withLock { ($0.roster, $0.isAway) }
        if isAway { throw StoreError(.unavailable, "away") }
        return roster
    }

    func markUsed(prefixes: [String]) throws(StoreError) {
        state.withLock { $0.used += prefixes }
    }
}
