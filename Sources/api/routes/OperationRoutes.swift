internal import HTTPTypes
internal import Hummingbird
internal import Prometheus
internal import SandmillService

/// How the process and its installation do.
struct OperationRoutes: Sendable {
    let monitoring: Monitoring
    /// Who may scrape the metrics.
    let scrapers: Authenticator.Access

    /// What a gateway answers.
    var routes: [Route] {
        monitoringRoutes + [
            Route(.get, "/openapi.json", .anybody, parameters: []) { _, _ in
                .json(bytes: PackageResources.openapi_json)
            }
        ]
    }

    /// What every process answers.
    var monitoringRoutes: [Route] {
        [
            Route(.get, "/livez", .anybody, parameters: []) { _, _ in .json(["status": "ok"]) },
            Route(.get, "/readyz", .anybody, parameters: []) { _, _ in ready() },
            Route(.get, "/metrics", scrapers, parameters: []) { _, _ in await scrape() },
        ]
    }

    private func ready() -> Response {
        let body = ReadinessBody(monitoring.readiness.findings())
        return .json(body, status: body.isReady ? .ok : .serviceUnavailable)
    }

    private func scrape() async -> Response {
        let text = TextFormat.text(await monitoring.scrape())
        return Response(
            status: .ok,
            headers: [.contentType: TextFormat.contentType, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }
}
