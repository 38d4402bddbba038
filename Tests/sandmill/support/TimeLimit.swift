import Foundation

/// Something took too long.
struct TimeLimitExceeded: Error, CustomStringConvertible {
    let description: String
}

/// Runs `body` and fails if it takes longer than `limit`.
func within<Result: Sendable>(
    _ limit: Duration,
    _ what: String,
    _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await ContinuousClock().sleep(for: limit)
            throw TimeLimitExceeded(description: "\(what) took more than \(limit)")
        }
        defer { group.cancelAll() }
        while let result = try await group.next() { return result }
        throw CancellationError()
    }
}

/// Waits for what nobody announces, and returns how long that took.
@discardableResult
func eventually(
    within limit: Duration,
    _ what: String,
    _ condition: @escaping @Sendable () async throws -> Bool
) async throws -> Duration {
    try await within(limit, "until \(what)") {
        try await ContinuousClock().measure {
            while try await !condition() {
                try await ContinuousClock().sleep(for: .milliseconds(50))
            }
        }
    }
}

extension Result where Failure == any Error {
    init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
