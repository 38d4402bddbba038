internal import HTTPTypes
internal import Hummingbird

/// Lets pages from other origins use the gateway, as the Fetch standard says (section 3.2, "CORS protocol").
///
/// Credentials that a browser adds by itself, such as cookies, are never allowed: such a page has a token of its
/// own. It stands around all others, so that a page can read why it has no other answer.
struct CrossOrigin: RouterMiddleware {
    typealias Context = GatewayContext

    /// What a page may send.
    private static let requestHeaders = [
        "accept", "authorization", "content-encoding", "content-type", "idempotency-key",
        "if-none-match", "if-range", "last-event-id", "range", "tenant", "traceparent",
        "tracestate",
    ]
    /// What a page may read beside what it always may.
    private static let responseHeaders = [
        "accept-ranges", "allow", "content-range", "etag", "link", "location", "retry-after",
    ]

    /// The origins that may; `*` for all.
    let origins: [String]

    @concurrent
    func handle(
        _ request: Request,
        context: GatewayContext,
        next: @concurrent (Request, GatewayContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        guard !origins.isEmpty else { return response }
        let vary = response.headers[.vary].map { "\($0), " } ?? ""
        response.headers[.vary] = vary + "Origin"
        guard let origin = request.headers[.origin],
            origins.contains("*") || origins.contains(origin)
        else { return response }
        response.headers[.accessControlAllowOrigin] = origins.contains("*") ? "*" : origin
        if request.method == .options, request.headers[.accessControlRequestMethod] != nil {
            response.headers[.accessControlAllowMethods] = response.headers[.allow]
            response.headers[.accessControlAllowHeaders] =
                Self.requestHeaders.joined(separator: ", ")
            response.headers[.accessControlMaxAge] = "600"
        } else {
            response.headers[.accessControlExposeHeaders] =
                Self.responseHeaders.joined(separator: ", ")
        }
        return response
    }
}
