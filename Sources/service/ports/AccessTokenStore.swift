/// Keeps who may use the HTTP gateway; of a secret only its hash.
public protocol AccessTokenStore: Sendable {
    /// Keeps a token, whose prefix must be new.
    func create(_ token: NewAccessToken) async throws(StoreError) -> AccessToken

    /// Reads all tokens, the oldest first, with those that count no more.
    func list() async throws(StoreError) -> [AccessToken]

    /// Ends a token; returns it, or nil when there is none with that prefix.
    ///
    /// Of one that was revoked before the time stays.
    func revoke(prefix: String) async throws(StoreError) -> AccessToken?

    /// Reads what a gateway needs to know all callers.
    func roster() async throws(StoreError) -> AccessRoster

    /// Notes that tokens were used, to the minute.
    func markUsed(prefixes: [String]) async throws(StoreError)
}
