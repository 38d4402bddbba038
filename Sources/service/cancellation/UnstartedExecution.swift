public import FoundationEssentials
public import SandmillEntity

/// An execution that ends without being run.
public struct UnstartedExecution: Equatable, Sendable {
    /// The record.
    public var record: ExecutionRecord
    /// The runtime that was asked for.
    public var runtime: String
    /// The request's labels.
    public var labels: [String: String]
    /// The properties of the request's message.
    public var properties: MessageProperties
    /// How it ends.
    public var outcome: Outcome
    /// When it ends (Postgres time).
    public var endedAt: Date

    /// Describes one.
    public init(
        record: ExecutionRecord,
        runtime: String,
        labels: [String: String],
        properties: MessageProperties,
        outcome: Outcome,
        endedAt: Date
    ) {
        self.record = record
        self.runtime = runtime
        self.labels = labels
        self.properties = properties
        self.outcome = outcome
        self.endedAt = endedAt
    }
}
