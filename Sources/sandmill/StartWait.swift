internal import Backoff
import Logging
import SandmillEntity
import SandmillService

/// Waits for servers that are away when a process starts, as after the start of the whole machine.
///
/// One that refuses, because of a wrong password or a missing schema for example, is not waited for.
struct StartWait {
    private let deadline: ContinuousClock.Instant
    private let logger: Logger

    /// Begins a wait for everything that a process needs, for `limit` in all.
    init(limit: Duration, logger: Logger) {
        deadline = .now + limit
        self.logger = logger
    }

    /// Runs `body` until it succeeds, or throws what it throws for good or when the time is up.
    func callAsFunction<Value>(
        for server: String,
        _ body: () async throws -> Value
    ) async throws -> Value {
        var backoff = Backoff(initial: .milliseconds(200), maximum: .seconds(5))
        var isFirst = true
        while true {
            do {
                return try await body()
            } catch {
                let rest = ContinuousClock.now.duration(to: deadline)
                guard Self.isAway(error), rest > .zero else { throw error }
                if isFirst {
                    logger.warning(
                        "A server is away and is waited for.",
                        metadata: [
                            "server": "\(server)",
                            LogKey.reason: "\(Failure(error)?.message ?? "")",
                            "limit": "\(rest)",
                        ]
                    )
                }
                isFirst = false
                try await ContinuousClock().sleep(for: min(backoff.next(), rest))
            }
        }
    }

    private static func isAway(_ error: any Error) -> Bool {
        switch error {
        case let error as BrokerError: error.code == .unavailable
        case let error as StoreError: error.isRetryable
        case let error as SandboxError: error.code == .engineUnavailable
        default: false
        }
    }
}
