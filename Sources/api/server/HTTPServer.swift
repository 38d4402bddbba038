internal import Hummingbird
internal import Logging
internal import NIOCore
internal import SandmillEntity

/// Listens at an address and answers by routes, until a graceful shutdown: what a gateway and the monitoring
/// of a worker have in common.
struct HTTPServer: Sendable {
    let host: String
    let port: Int
    let limits: GatewaySettings.Limits
    /// The origins whose pages may use it.
    var origins: [String] = []
    /// What the log says once it listens.
    let announcement: Logger.Message
    let logger: Logger

    /// Answers requests by `routes`, each for the caller that `admit` finds or refuses.
    func run(
        _ routes: [Route],
        admit: @escaping @Sendable (Request, Authenticator.Access) throws -> Caller
    ) async throws {
        let router = Router(context: GatewayContext.self)
        router.add(middleware: CrossOrigin(origins: origins))
        router.add(middleware: ProblemMiddleware())
        router.add(routes, admit: admit)
        let limits = limits
        let logger = logger
        let announcement = announcement
        let header = Int(limits.header.bytes)
        let application = Application(
            responder: KnownMethods(router: router.buildResponder()),
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
                address: .hostname(host, port: port),
                backlog: 1_024,
                availableConnectionsDelegate: .maximum(limits.connections, logger: logger)
            ),
            onServerRunning: { channel in
                logger.info(
                    announcement,
                    metadata: ["address": "\(channel.localAddress?.description ?? "")"]
                )
            },
            logger: logger
        )
        try await application.run()
    }
}
