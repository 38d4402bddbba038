internal import Hummingbird
public import Logging
internal import NIOCore
public import Prometheus
internal import SandmillEntity
internal import SandmillService
public import ServiceLifecycle

/// The HTTP gateway: a server that lives as long as ``run()`` does.
///
/// On a graceful shutdown it takes no new connections, answers who waits for an end, ends the live
/// outputs, and lets every other request finish.
public struct Gateway: Service {
    private let settings: GatewaySettings
    private let services: GatewayServices
    private let metrics: PrometheusFactory
    private let logger: Logger

    /// Describes one.
    ///
    /// - Parameters:
    ///   - settings: Where it listens, and what clients may use.
    ///   - services: What it works with.
    ///   - metrics: What a scrape shows, beside figures of the record store.
    ///   - logger: Told of what fails.
    public init(
        settings: GatewaySettings,
        services: GatewayServices,
        metrics: PrometheusFactory,
        logger: Logger
    ) {
        self.settings = settings
        self.services = services
        self.metrics = metrics
        self.logger = logger
    }

    /// Answers requests until a graceful shutdown.
    public func run() async throws {
        let limits = settings.limits
        let logger = logger
        let readiness = Readiness(services.checks)
        let header = Int(limits.header.bytes)
        let application = Application(
            responder: KnownMethods(router: router(readiness).buildResponder()),
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [ConnectionGuard(limits: limits)],
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: header,
                        maxHeaderListSize: header,
                        maxHeaderFieldCount: 200
                    )
                )
            ),
            configuration: ApplicationConfiguration(
                address: .hostname(settings.host, port: settings.port),
                backlog: 1_024,
                availableConnectionsDelegate: .maximum(limits.connections, logger: logger)
            ),
            services: [readiness],
            onServerRunning: { channel in
                logger.info(
                    "The gateway is up.",
                    metadata: ["address": "\(channel.localAddress?.description ?? "")"]
                )
            },
            logger: logger
        )
        try await application.run()
    }

    private func router(_ readiness: Readiness) -> Router<GatewayContext> {
        let router = Router(context: GatewayContext.self)
        router.add(middleware: ProblemMiddleware())
        let authenticator = Authenticator(
            directory: services.directory,
            isLoopback: settings.isLoopback
        )
        let rate = RequestRate(perSecond: settings.limits.requestsPerSecond)
        router.add(
            routes(readiness) + pageRoutes(readiness, authenticator, rate),
            authenticator: authenticator,
            rate: rate
        )
        return router
    }

    /// The page, for browsers.
    private func pageRoutes(
        _ readiness: Readiness,
        _ authenticator: Authenticator,
        _ rate: RequestRate
    ) -> [Route] {
        let finder = TenantScopedRecords(records: services.records)
        let streams = FairLimit(settings.limits.streams, of: "screens that are followed")
        return PageRoutes(
            page: Page(),
            authenticator: authenticator,
            rate: rate,
            reader: RequestReader(settings: settings),
            streams: streams,
            output: OutputRoutes(finder: finder, files: services.files),
            live: StreamRoutes(finder: finder, follower: services.follower, streams: streams),
            overviews: OverviewScreen(
                overviews: OverviewCache(source: services.overview, pools: settings.pools),
                readiness: readiness
            ),
            executions: ExecutionScreens(
                finder: finder,
                traces: services.traces,
                cancellations: services.cancellations
            ),
            lists: ExecutionListScreen(lists: services.lists),
            batches: BatchScreens(
                finder: finder,
                lists: services.lists,
                results: services.records,
                cancellations: services.cancellations
            ),
            tables: ListRoutes(executions: services.lists, batches: services.lists),
            letters: DeadLetterScreens(
                letters: services.letters,
                admissions: services.admissions,
                census: services.census
            ),
            access: AccessScreen(tokens: services.tokens),
            tryIt: TryScreen(admissions: services.admissions, pools: settings.pools)
        )
        .routes
    }

    /// Everything that it answers.
    func routes(_ readiness: Readiness) -> [Route] {
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
            readiness: readiness,
            census: services.census,
            pools: settings.pools,
            metrics: metrics,
            logger: logger
        )
        return submission.routes + executions.routes + output.routes + streams.routes
            + batches.routes + lists.routes + deadLetters.routes + operation.routes
    }
}
