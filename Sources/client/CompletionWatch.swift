public import Foundation
internal import SandmillEntity
public import SandmillService

/// Waits for the end of an execution that is submitted.
///
/// Its event tells it at once, or that of its refusal. If it had ended before it was submitted again, its
/// record tells it, and if the request was refused by an earlier version, a dead letter; without a database only
/// the events count.
public struct CompletionWatch: Sendable {
    private static let lookInterval: Duration = .seconds(2)

    private let execution: UUID
    private let tenant: String
    private let subscription: EventSubscription
    private let records: Records
    private let begin: ContinuousClock.Instant

    /// Describes a watch.
    ///
    /// - Parameters:
    ///   - execution: What is waited for.
    ///   - tenant: Whose it is.
    ///   - subscription: Its events, and of others.
    ///   - records: Where its record and its dead letter are looked for.
    ///   - begin: When nothing of this request was there yet.
    public init(
        execution: UUID,
        tenant: String,
        subscription: EventSubscription,
        records: Records,
        begin: ContinuousClock.Instant
    ) {
        self.execution = execution
        self.tenant = tenant
        self.subscription = subscription
        self.records = records
        self.begin = begin
    }

    /// Waits until it has ended, or the time is up.
    ///
    /// - Parameter timeout: When to give up; nil for never.
    /// - Returns: Its end.
    /// - Throws: ``ClientError`` when the request was refused, or the time is up; ``BrokerError`` when
    ///   its events cannot be had any more.
    public func end(timeout: Duration?) async throws -> FinishedEvent {
        try await withThrowingTaskGroup(of: FinishedEvent?.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await awaitEvent() }
            group.addTask { try await awaitRecord() }
            if let timeout {
                group.addTask {
                    try await ContinuousClock().sleep(for: timeout)
                    throw ClientError(.tryAgain, "it had not ended when the time was up")
                }
            }
            for try await end in group {
                if let end { return end }
            }
            throw CancellationError()
        }
    }

    private func awaitEvent() async throws -> FinishedEvent? {
        for try await message in subscription.events {
            if let end = FinishedEvent(message), end.result.id == execution { return end }
            if let refusal = RefusedEvent(message), refusal.id == execution {
                throw ClientError(refused: "the request", refusal)
            }
        }
        return nil
    }

    /// An end counts when it is there at two looks: an execution that is known already may be that
    /// of another request, and until a worker has refused ours nothing tells so.
    private func awaitRecord() async throws -> FinishedEvent? {
        var wasThere = false
        while true {
            try await ContinuousClock().sleep(for: Self.lookInterval)
            let end = (try? await records.executions.execution(execution))
                .flatMap(FinishedEvent.init)
            if let letter = try? await refusal() {
                throw ClientError(refused: "the request", letter)
            }
            if wasThere, let end { return end }
            wasThere = end != nil
        }
    }

    private func refusal() async throws -> DeadLetterSummary? {
        try await records.refusals(
            of: execution,
            tenant: tenant,
            since: begin.duration(to: .now)
        ).first { $0.messageID.flatMap(UUID.init(text:)) == execution }
    }
}
