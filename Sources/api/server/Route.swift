internal import HTTPTypes
internal import Hummingbird

/// A resource's method.
struct Route: Sendable {
    /// Answers a request.
    typealias Handler = @Sendable (Request, GatewayContext) async throws -> Response

    let method: HTTPRequest.Method
    /// As OpenAPI writes it, `/execute/{id}/status`; a last `{path}` may have slashes.
    let path: String
    let access: Authenticator.Access
    /// What its query may have; nil where its handler looks.
    let parameters: [String]?
    let handler: Handler

    init(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ access: Authenticator.Access = .caller,
        parameters: [String]? = nil,
        handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.access = access
        self.parameters = parameters
        self.handler = handler
    }

    /// The path as Hummingbird writes it.
    var routerPath: RouterPath { RouterPath(path.replacing("/{path}", with: "/**")) }
}

extension Router where Context == GatewayContext {
    /// Adds routes, each for the caller that `admit` finds or refuses; `GET` answers `HEAD` too, `OPTIONS` tells
    /// which methods a path has, and so does the answer to every other.
    func add(
        _ routes: [Route],
        admit: @escaping @Sendable (Request, Authenticator.Access) throws -> Caller
    ) {
        for (path, routes) in Dictionary(grouping: routes, by: \.path) {
            var left = ProblemMiddleware.methods
            for route in routes {
                let methods = route.method == .get ? [.get, .head] : [route.method]
                for method in methods {
                    left.remove(method)
                    on(route.routerPath, method: method) { request, context in
                        var context = context
                        context.coreContext.endpointPath.value = path
                        context.caller = try admit(request, route.access)
                        if let names = route.parameters { try request.allowParameters(names) }
                        return try await route.handler(request, context)
                    }
                }
            }
            left.remove(.options)
            let allowed = ProblemMiddleware.methods.subtracting(left).map(\.rawValue).sorted()
                .joined(separator: ", ")
            on(routes[0].routerPath, method: .options) { _, context -> Response in
                context.coreContext.endpointPath.value = path
                return Response(status: .noContent, headers: [.allow: allowed])
            }
            for method in left {
                on(routes[0].routerPath, method: method) { _, context -> Response in
                    context.coreContext.endpointPath.value = path
                    throw Problem(
                        .methodNotAllowed,
                        "it has \(allowed)",
                        headers: [.allow: allowed]
                    )
                }
            }
        }
    }
}
