public import Logging
public import SandmillService
public import ServiceLifecycle
internal import Synchronization

/// Knows all callers, so that no request asks the record store who its caller is.
///
/// The tokens are read again every two seconds: so soon a new one counts and a revoked one does
/// not. When they could not be read for ten seconds nobody is let in.
public final class TokenDirectory: Service {
    /// Why nobody can be let in.
    struct Stale: Error {}

    private struct State {
        var roster = AccessRoster(tokens: [:], hasEverHadTokens: true)
        var readAt: ContinuousClock.Instant?
        var used: Set<String> = []
    }

    private static let interval: Duration = .seconds(2)
    private static let patience: Duration = .seconds(10)

    private let store: any AccessTokenStore
    private let logger: Logger
    private let state = Mutex(State())

    /// Reads tokens from `store`.
    public init(store: any AccessTokenStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// Reads the tokens now.
    public func load() async throws(StoreError) {
        let start = ContinuousClock.now
        let roster = try await store.roster()
        state.withLock { state in
            state.roster = roster
            state.readAt = start
        }
    }

    /// Whether there is a token that counts.
    public var hasTokens: Bool { state.withLock { !$0.roster.tokens.isEmpty } }

    /// Whether there never was a token.
    public var hasNeverHadTokens: Bool { state.withLock { !$0.roster.hasEverHadTokens } }

    /// Reads the tokens again and again until a graceful shutdown.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await ContinuousClock().sleep(for: Self.interval)) != nil {
                await self.refresh()
            }
        }
    }

    /// The token with that text; nil when there is none that counts.
    func token(_ text: String) throws(Stale) -> AccessToken? {
        let digest = TokenSecret.digest(of: text)
        let token = try known { state in
            let token = state.roster.tokens[digest]
            if let token { state.used.insert(token.prefix) }
            return token
        }
        return token
    }

    /// Whether there never was a token, by what was read lately.
    func isOpen() throws(Stale) -> Bool {
        try known { !$0.roster.hasEverHadTokens }
    }

    private func known<Result: Sendable>(
        _ body: (inout sending State) -> Result
    ) throws(Stale) -> Result {
        let result: Result? = state.withLock { state in
            guard let readAt = state.readAt, ContinuousClock.now - readAt < Self.patience else {
                return nil
            }
            return body(&state)
        }
        guard let result else { throw Stale() }
        return result
    }

    private func refresh() async {
        let used = state.withLock { state in
            defer { state.used = [] }
            return state.used
        }
        do throws(StoreError) {
            try await load()
            try await store.markUsed(prefixes: used.sorted())
        } catch {
            state.withLock { $0.used.formUnion(used) }
            logger.warning(
                "The access tokens could not be read.",
                metadata: [LogKey.reason: "\(error.message)"]
            )
        }
    }
}
