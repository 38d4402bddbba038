internal import Hummingbird
public import Logging
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
    private let reader: RequestReader
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
        reader = RequestReader(settings: settings)
        self.logger = logger
    }

    /// Answers requests until a graceful shutdown.
    public func run() async throws {
        let server = HTTPServer(
            host: settings.host,
            port: settings.port,
            limits: settings.limits,
            origins: settings.origins,
            announcement: "The gateway is up.",
            logger: logger
        )
        let authenticator = Authenticator(
            directory: services.directory,
            isLoopback: settings.isLoopback,
            origins: settings.origins
        )
        let rate = RequestRate(perSecond: settings.limits.requestsPerSecond)
        try await server.run(routes + pageRoutes(authenticator, rate)) { request, access in
            let caller = try authenticator.caller(of: request, for: access)
            if caller != .anybody { try rate.count(caller.key) }
            return caller
        }
    }

    /// The page, for browsers.
    private func pageRoutes(_ authenticator: Authenticator, _ rate: RequestRate) -> [Route] {
        let monitoring = services.monitoring
        let ends = RecentEndsReader(source: services.recentEnds, pools: settings.pools)
        let streams = FairLimit(settings.limits.streams, of: "screens that are followed")
        return PageRoutes(
            page: Page(),
            authenticator: authenticator,
            rate: rate,
            reader: reader,
            streams: streams,
            executionRoutes: executions,
            batchRoutes: batches,
            output: OutputRoutes(finder: finder, files: services.files),
            live: StreamRoutes(finder: finder, follower: services.follower, streams: streams),
            overviews: OverviewScreen(
                monitoring: monitoring,
                ends: SharedReading { try await ends.read() }
            ),
            executions: ExecutionScreens(
                finder: finder,
                traces: services.traces,
                requests: services.requests
            ),
            lists: ExecutionListScreen(lists: services.lists),
            batches: BatchScreens(
                finder: finder,
                lists: services.lists,
                results: services.records
            ),
            tables: ListRoutes(executions: services.lists, batches: services.lists),
            fleet: FleetScreens(
                monitoring: monitoring,
                fleet: fleet,
                sandboxes: SharedReading { [registry = services.registry] in
                    try await registry.sandboxes()
                }
            ),
            bulk: BulkActionScreens(actions: services.bulkActions),
            letters: DeadLetterScreens(
                letters: services.letters,
                admissions: services.admissions,
                census: monitoring.census,
                audit: services.audit
            ),
            access: AccessScreen(tokens: services.tokens, audit: services.audit),
            tryIt: TryScreen(admissions: services.admissions, pools: settings.pools)
        )
        .routes
    }

    private var executions: ExecutionRoutes {
        ExecutionRoutes(
            reader: reader,
            finder: finder,
            cancellations: services.cancellations,
            reruns: services.reruns,
            audit: services.audit
        )
    }

    private var batches: BatchRoutes {
        BatchRoutes(
            reader: reader,
            admissions: services.admissions,
            cancellations: services.cancellations,
            finder: finder,
            results: services.records,
            audit: services.audit
        )
    }

    private var finder: TenantScopedRecords {
        TenantScopedRecords(records: services.records, letters: services.letters)
    }

    private var fleet: FleetRoutes {
        FleetRoutes(
            monitoring: services.monitoring,
            directory: services.workers,
            lanes: services.lanes,
            relay: services.relay,
            audit: services.audit
        )
    }

    /// Everything that it answers.
    var routes: [Route] {
        let submission = SubmissionRoutes(
            reader: reader,
            admissions: services.admissions,
            completions: services.completions,
            waits: FairLimit(settings.limits.waits, of: "requests that wait for an end"),
            limits: settings.limits
        )
        let output = OutputRoutes(finder: finder, files: services.files)
        let streams = StreamRoutes(
            finder: finder,
            follower: services.follower,
            streams: FairLimit(settings.limits.streams, of: "live outputs that are followed")
        )
        let lists = ListRoutes(executions: services.lists, batches: services.lists)
        let deadLetters = DeadLetterRoutes(
            reader: reader,
            letters: services.letters,
            admissions: services.admissions,
            audit: services.audit
        )
        let bulk = BulkRoutes(
            reader: reader,
            actions: services.bulkActions,
            audit: services.audit
        )
        let operation = OperationRoutes(
            monitoring: services.monitoring,
            scrapers: .whoOperates
        )
        return submission.routes + executions.routes + output.routes + streams.routes
            + batches.routes + lists.routes + deadLetters.routes + bulk.routes + fleet.routes
            + operation.routes
    }
}
