internal import FoundationEssentials
public import Logging
internal import SandmillEntity
public import ServiceLifecycle
internal import Synchronization

/// Gathers spans, and sends them many at a time.
///
/// Whoever records waits for nothing: what does not fit into the bounded buffer is dropped. Any thread records.
public final class Tracer: Service {
    private static let group = 512
    private static let bufferLimit = 8_192

    private let exporter: any SpanExporter
    private let interval: Duration
    private let logger: Logger
    private let buffer = Mutex<[Span]>([])

    /// Describes one, which sends at least every `interval` while ``run()`` does.
    public init(exporter: any SpanExporter, interval: Duration, logger: Logger) {
        self.exporter = exporter
        self.interval = interval
        self.logger = logger
    }

    /// Takes a span.
    func record(_ span: Span) {
        buffer.withLock { spans in
            if spans.count < Self.bufferLimit { spans.append(span) }
        }
    }

    /// Sends until a graceful shutdown, then what is left.
    public func run() async throws {
        var report = FailureReport()
        let interval = interval
        while (try? await cancelWhenGracefulShutdown {
            try await ContinuousClock().sleep(for: interval)
        }) != nil {
            await send(&report)
        }
        await send(&report)
    }

    private func send(_ report: inout FailureReport) async {
        var spans = buffer.withLock { buffer in
            defer { buffer = [] }
            return buffer
        }[...]
        while !spans.isEmpty {
            do throws(ExportError) {
                try await exporter.export(Array(spans.prefix(Self.group)))
                report.end()
            } catch {
                if report.isDue() {
                    logger.warning(
                        "Traces cannot be sent, and are lost.",
                        metadata: [LogKey.reason: "\(error.message)"]
                    )
                }
                return
            }
            spans = spans.dropFirst(Self.group)
        }
    }
}

extension OutboundMessage {
    /// The execution that it is about, and its trace; nil for a message about none, and where it is not sampled.
    var tracedExecution: (id: UUID, trace: TraceContext)? {
        let (id, traceparent): (UUID?, String?)
        switch exchange {
        case .submit:
            id = properties.messageID.flatMap(UUID.init(text:))
            traceparent = properties.headers["traceparent"]
        case .events:
            let event = try? JSONDecoder().decode(Announcement.self, from: Data(body))
            id = event.flatMap { UUID(text: $0.subject) }
            traceparent = event?.traceparent
        case .control, .queue: return nil
        }
        guard let id, let trace = TraceContext(of: id, traceparent: traceparent) else { return nil }
        return (id, trace)
    }

    private struct Announcement: Decodable {
        let subject: String
        let traceparent: String?
    }
}
