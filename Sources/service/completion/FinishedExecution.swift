public import FoundationEssentials
public import SandmillEntity

/// An execution that ended.
public struct FinishedExecution: Equatable, Sendable {
    /// Who ran it, or who ends it while it is queued; the events are leased to it.
    public var worker: String
    /// Whether it ends without having been claimed; else it is the worker's.
    public var wasQueued: Bool
    /// The last attempt that was claimed, which fences the end; what is told of it may count one less.
    public var attempt: Int
    /// What is told of it.
    public var document: ResultDocument
    /// The document as it stands in `result.json`, UTF-8.
    public var encodedDocument: [UInt8]
    /// How many bytes its results have on disk.
    public var resultsSize: ByteCount
    /// The sandbox that ran it.
    public var sandbox: String?
    /// When its attempt was claimed (Postgres time); nil where its output is not collected.
    public var claimedAt: Date?
    /// When its output was durable (Postgres time).
    public var collectedAt: Date?
    /// The events that announce it.
    public var events: [OutboundMessage]

    /// Describes an end.
    public init(
        worker: String,
        wasQueued: Bool = false,
        attempt: Int,
        document: ResultDocument,
        encodedDocument: [UInt8],
        resultsSize: ByteCount = .zero,
        sandbox: String?,
        events: [OutboundMessage]
    ) {
        self.worker = worker
        self.wasQueued = wasQueued
        self.attempt = attempt
        self.document = document
        self.encodedDocument = encodedDocument
        self.resultsSize = resultsSize
        self.sandbox = sandbox
        self.events = events
    }
}
