internal import Hummingbird
public import Logging
internal import SandmillEntity
public import ServiceLifecycle

/// The HTTP gateway: a server that lives as long as ``run()`` does.
///
/// On a graceful shutdown it takes no new connections, answers who waits for an end, ends the live
/// outputs, and lets every other request finish.
public struct Gateway: Service {
    private let settings: GatewaySettings
    private let services: GatewayServices
    private let logger: Logger

    /// Describes one.
    ///
    /// - Parameters:
    ///   - settings: Where it listens, and what clients may use.
    ///   - services: What it works with.
    ///   - logger: Told of what fails.
    public init(settings: GatewaySettings, services: GatewayServices, logger: Logger) {
        self.settings = settings
        self.services = services
        self.logger = logger
    }

    /// Answers requests until a graceful shutdown.
    public func run() async throws {
        let server = HTTPServer(
            host: settings.host,
            port: settings.port,
            limits: settings.limits,
            announcement: "The gateway is up.",
            logger: logger
        )
        let authenticator = Authenticator(
            directory: services.directory,
            isLoopback: settings.isLoopback
        )
        let rate = RequestRate(perSecond: settings.limits.requestsPerSecond)
        try await server.run(routes) { request, access in
            let caller = try authenticator.caller(of: request, for: access)
            if caller != .anybody { try rate.count(caller.key) }
            return caller
        }
    }

    /// Everything that it answers.
    var routes: [Route] {
        let reader = RequestReader(settings: settings)
        let finder = TenantScopedRecords(records: services.records)
        let submission = SubmissionRoutes(
            reader: reader,
            admissions: services.admissions,
            completions: services.completions,
            waits: FairLimit(settings.limits.waits, of: "requests that wait for an end"),
            limits: settings.limits
        )
        let executions = ExecutionRoutes(
            finder: finder,
            cancellations: services.cancellations
        )
        let output = OutputRoutes(finder: finder, files: services.files)
        let streams = StreamRoutes(
            finder: finder,
            follower: services.follower,
            streams: FairLimit(settings.limits.streams, of: "live outputs that are followed")
        )
        let batches = BatchRoutes(
            reader: reader,
            admissions: services.admissions,
            cancellations: services.cancellations,
            finder: finder,
            results: services.records
        )
        let lists = ListRoutes(executions: services.lists, batches: services.lists)
        let deadLetters = DeadLetterRoutes(
            reader: reader,
            letters: services.letters,
            admissions: services.admissions
        )
        let operation = OperationRoutes(
            monitoring: services.monitoring,
            scrapers: .whoOperates
        )
        return submission.routes + executions.routes + output.routes + streams.routes
            + batches.routes + lists.routes + deadLetters.routes + operation.routes
    }
}
