internal import Backoff
public import Logging
internal import SandmillEntity
internal import SandmillService
public import ServiceLifecycle

/// Serves `/metrics`, `/livez` and `/readyz` of a worker to whoever reaches its address.
///
/// A worker does its work whether or not its address can be had: where it is taken, by another worker of this
/// machine for example, that is said once, and tried again at growing intervals.
public struct MonitoringServer: Service {
    private let host: String
    private let port: Int
    private let monitoring: Monitoring
    private let logger: Logger

    /// Describes one.
    ///
    /// - Parameters:
    ///   - host: The address to listen on.
    ///   - port: The port; 0 for any that is free.
    ///   - monitoring: What it tells; somebody else runs it.
    ///   - logger: Told where it listens, or why it cannot.
    public init(host: String, port: Int, monitoring: Monitoring, logger: Logger) {
        self.host = host
        self.port = port
        self.monitoring = monitoring
        self.logger = logger
    }

    /// Answers requests until a graceful shutdown.
    public func run() async throws {
        let server = HTTPServer(
            host: host,
            port: port,
            limits: .monitoring,
            announcement: "The worker's monitoring is up.",
            logger: logger
        )
        let routes = OperationRoutes(monitoring: monitoring, scrapers: .anybody).monitoringRoutes
        var backoff = Backoff(initial: .seconds(1), maximum: .seconds(60))
        var report = FailureReport()
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            do {
                try await server.run(routes, admit: { _, _ in .anybody })
                return
            } catch let error as CancellationError {
                throw error
            } catch {
                if report.isDue() {
                    logger.warning(
                        "The worker's monitoring cannot listen.",
                        metadata: [
                            "address": "\(host):\(port)", LogKey.reason: "\(error)",
                            "setting": "worker.listen",
                        ]
                    )
                }
                let wait = backoff.next()
                try? await cancelWhenGracefulShutdown {
                    try await ContinuousClock().sleep(for: wait)
                }
            }
        }
    }
}

extension GatewaySettings.Limits {
    /// What those may use who look after a worker.
    fileprivate static let monitoring = Self(
        body: .kibibytes(1),
        header: .kibibytes(16),
        connections: 64,
        idle: .seconds(60),
        transfer: .seconds(30),
        requestsPerSecond: 1_000,
        wait: .zero,
        maximumWait: .zero,
        waits: 0,
        streams: 0
    )
}
