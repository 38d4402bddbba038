internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import Prometheus
internal import SandmillService

/// How the installation does, and what the gateway answers.
struct OperationRoutes: Sendable {
    let readiness: Readiness
    let census: any QueueStatisticsSource
    let pools: [String]
    let metrics: PrometheusFactory
    let logger: Logger

    var routes: [Route] {
        [
            Route(.get, "/livez", .anybody, parameters: []) { _, _ in .json(["status": "ok"]) },
            Route(.get, "/readyz", .anybody, parameters: []) { _, _ in ready() },
            Route(.get, "/metrics", .whoOperates, parameters: []) { _, _ in await scrape() },
            Route(.get, "/openapi.json", .anybody, parameters: []) { _, _ in
                .json(bytes: PackageResources.openapi_json)
            },
        ]
    }

    private func ready() -> Response {
        let body = ReadinessBody(readiness.findings())
        return .json(body, status: body.isReady ? .ok : .serviceUnavailable)
    }

    private func scrape() async -> Response {
        var families = metrics.collect()
        do throws(StoreError) {
            families += try await census.census().families(pools: pools) + [.storeIsUp(true)]
        } catch {
            logger.warning("The census failed.", metadata: [LogKey.reason: "\(error.message)"])
            families.append(.storeIsUp(false))
        }
        return Response(
            status: .ok,
            headers: [.contentType: TextFormat.contentType, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: TextFormat.text(families)))
        )
    }
}
