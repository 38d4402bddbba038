internal import HTTPTypes
internal import Hummingbird
internal import Metrics

/// Gives every request an answer, an error's being a problem document, and measures it.
///
/// It stands around all others.
struct ProblemMiddleware: RouterMiddleware {
    typealias Context = GatewayContext

    @concurrent
    func handle(
        _ request: Request,
        context: GatewayContext,
        next: @concurrent (Request, GatewayContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            response = Problem(error, logger: context.logger).response
        }
        response.headers[.contentTypeOptions] = "nosniff"
        if request.method == .head { response = response.createHeadResponse() }
        measure(request, context, response.status, since: start)
        return response
    }

    private func measure(
        _ request: Request,
        _ context: GatewayContext,
        _ status: HTTPResponse.Status,
        since start: ContinuousClock.Instant
    ) {
        let dimensions = [
            ("method", request.method.rawValue),
            ("route", context.endpointPath ?? "none"),
            ("status", "\(status.code)"),
        ]
        Metrics.Timer(label: "sandmill_http_request_seconds", dimensions: dimensions)
            .record(duration: ContinuousClock.now - start)
    }

    /// The methods of RFC 9110 (section 9) and RFC 5789.
    static let methods: Set<HTTPRequest.Method> = [
        .get, .head, .post, .put, .delete, .connect, .options, .trace, .patch,
    ]
}

extension HTTPField.Name {
    /// `X-Content-Type-Options`, which keeps browsers from guessing.
    static var contentTypeOptions: Self { .xContentTypeOptions }
}
