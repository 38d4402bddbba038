internal import HTTPTypes
internal import Hummingbird

/// Answers a method that nobody knows as one that nothing has: with what the resource does have, and
/// with one label in the metrics, whatever clients think of.
struct KnownMethods: HTTPResponder {
    let router: RouterResponder<GatewayContext>

    @concurrent
    func respond(to request: Request, context: GatewayContext) async throws -> Response {
        guard !ProblemMiddleware.methods.contains(request.method) else {
            return try await router.respond(to: request, context: context)
        }
        var head = request.head
        head.method = .trace
        let known = Request(head: head, body: request.body)
        return try await router.respond(to: known, context: context)
    }
}
