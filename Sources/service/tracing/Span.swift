public import FoundationEssentials
internal import SandmillEntity

/// A step of an execution as a trace shows it (OpenTelemetry).
public struct Span: Equatable, Sendable {
    /// What the step is.
    public enum Name: String, CaseIterable, Sendable {
        /// From the delivery, or the question to the store, to the claim.
        case claim
        /// The wait for a sandbox.
        case sandbox
        /// The time in the sandbox.
        case run
        /// Until the output is durable.
        case collect
        /// Until the end is durable.
        case commit
        /// Until the broker has a message.
        case publish
    }

    /// The step.
    public var name: Name
    /// Where it belongs.
    public var trace: TraceContext
    /// Names it within its trace; never nought.
    public var id: UInt64
    /// When it began, in nanoseconds since 1970.
    public var start: UInt64
    /// When it ended, in nanoseconds since 1970.
    public var end: UInt64
    /// What it is about.
    public var attributes: [String: String]
    /// Whether it failed through a fault of ours.
    public var isFailed: Bool

    /// Describes a step that ended now and took so long.
    public init(
        _ name: Name,
        of trace: TraceContext,
        lasting duration: Duration,
        attributes: [String: String] = [:],
        isFailed: Bool = false
    ) {
        self.name = name
        self.trace = trace
        id = .random(in: 1...UInt64.max)
        let nanoseconds = UInt64(max(Date().timeIntervalSince1970, 0) * 1e9)
        end = nanoseconds
        start = nanoseconds - UInt64(max(duration / .nanoseconds(1), 0))
        self.attributes = attributes
        self.isFailed = isFailed
    }
}

/// To which trace the steps of an execution belong.
public struct TraceContext: Equatable, Sendable {
    /// The trace, 32 hexadecimal digits.
    public var traceID: String
    /// The step that all of an execution's belong to, 16 hexadecimal digits; nil where its request named none.
    public var parentID: String?

    /// The trace of an execution: that of its request's `traceparent` (W3C Trace Context, version 00), or else one of its
    /// own, by its id, so that every process finds the same.
    ///
    /// - Returns: Nil for a request that says that it is not sampled.
    public init?(of execution: UUID, traceparent: String?) {
        guard let traceparent else {
            traceID = execution.text.replacing("-", with: "")
            return
        }
        let fields = traceparent.split(separator: "-").map(String.init)
        guard fields.count == 4, let flags = UInt8(fields[3], radix: 16), flags & 1 == 1 else {
            return nil
        }
        traceID = fields[1]
        parentID = fields[2]
    }
}

/// Where spans go.
public protocol SpanExporter: Sendable {
    /// Sends spans; what cannot be sent is lost.
    ///
    /// - Throws: ``ExportError``.
    func export(_ spans: [Span]) async throws(ExportError)
}

/// Why spans could not be sent.
public struct ExportError: Error, Equatable, Sendable {
    /// What happened, safe to show.
    public let message: String

    /// Describes a failure.
    public init(_ message: String) {
        self.message = message
    }
}
