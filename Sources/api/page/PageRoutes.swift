internal import AsyncAlgorithms
internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import SandmillEntity
internal import SandmillService
internal import ServiceLifecycle

/// The page at `/` and below `/ui`: what people see of an installation in a browser, and what they do there.
///
/// Every screen is a document that needs no script. With one, a screen that is live is sent again as a
/// fragment (`?live=1`, server-sent events) whenever it has become another.
struct PageRoutes: Sendable {
    /// How often a live screen is made anew.
    private static let interval: Duration = .seconds(2)
    /// What a form may say, beside a request and a mended message.
    static let formTypes = [PageForm.contentType]

    private static let signOut = "/ui/sign-out"

    let page: Page
    let authenticator: Authenticator
    let rate: RequestRate
    let reader: RequestReader
    let streams: FairLimit
    let executionRoutes: ExecutionRoutes
    let batchRoutes: BatchRoutes
    let output: OutputRoutes
    let live: StreamRoutes
    let overviews: OverviewScreen
    let executions: ExecutionScreens
    let lists: ExecutionListScreen
    let batches: BatchScreens
    let tables: ListRoutes
    let fleet: FleetScreens
    let bulk: BulkActionScreens
    let letters: DeadLetterScreens
    let access: AccessScreen
    let tryIt: TryScreen

    var routes: [Route] {
        [
            Route(.get, "/ui/assets/{name}", .anybody) { _, context in
                guard let asset = context.parameters.get("name").flatMap(PageTemplates.asset) else {
                    throw Problem.unknown("file")
                }
                return asset
            },
            Route(.get, "/ui/sign-in", .anybody) { request, context in
                signIn(Visit(request, context), failure: nil)
            },
            Route(.post, "/ui/sign-in", .anybody, handler: enter),
            act(Self.signOut) { visit, _ in
                var response = Page.redirect(to: "ui/sign-in", from: visit.root)
                response.setCookie(PageSession.end(for: visit.request))
                return response
            },
            Route(.get, "/", .anybody) { request, context in
                try await show(request, context) { visit in
                    guard visit.caller.operates else { throw Elsewhere(path: "ui/executions") }
                    return try await overviews.screen(visit)
                }
            },
            Route(.get, "/ui/find", .anybody) { request, context in
                try await show(request, context) { visit in
                    throw Elsewhere(path: try await executions.find(visit))
                }
            },
            screen("/ui/executions") { try await lists.screen($0) },
            download("/ui/csv/executions") { request, context in
                var head = request.head
                head.headerFields[.accept] = "text/csv"
                let request = Request(head: head, body: request.body)
                return try await tables.listExecutions(request, context)
            },
            screen("/ui/batches") { try await batches.list($0) },
            screen("/ui/batches/{id}") { try await batches.one($0) },
            act("/ui/batches/{id}/cancel") { visit, _ in
                _ = try await batchRoutes.cancel(visit.request, visit.context)
                return Page.redirect(to: "ui/batches/\(visit.id)", from: visit.root)
            },
            screen("/ui/executions/{id}") { try await executions.one($0) },
            download("/ui/executions/{id}/stdout") { try await output.stream(.stdout, $0, $1) },
            download("/ui/executions/{id}/stderr") { try await output.stream(.stderr, $0, $1) },
            download("/ui/executions/{id}/files/{path}") { try await output.file($0, $1) },
            download("/ui/executions/{id}/stream") { try await live.stream($0, $1) },
            act("/ui/executions/{id}/cancel") { visit, _ in
                _ = try await executionRoutes.cancel(visit.request, visit.context)
                return Page.redirect(to: "ui/executions/\(visit.id)", from: visit.root)
            },
            screen("/ui/dead-letters", operates: true) { try await letters.list($0) },
            screen("/ui/dead-letters/{id}", operates: true) { try await letters.one($0) },
            act("/ui/dead-letters/{id}/requeue", operates: true) { visit, form in
                try await letters.requeue(visit, body: form["body"])
                return Page.redirect(to: "ui/dead-letters?done=requeue", from: visit.root)
            },
            act("/ui/dead-letters/{id}/purge", operates: true) { visit, _ in
                try await letters.purge(visit)
                return Page.redirect(to: "ui/dead-letters?done=purge", from: visit.root)
            },
            act("/ui/executions/{id}/rerun") { visit, _ in
                let rerun = try await executionRoutes.rerun(visit.request, visit.context)
                let id = rerun.headers[.location]?.split(separator: "/").last ?? ""
                return Page.redirect(to: "ui/executions/\(id)?done=rerun", from: visit.root)
            },
            act("/ui/executions/act") { try await act(on: .executions, $1, for: $0) },
            act("/ui/dead-letters/act", operates: true) {
                try await act(on: .deadLetters, $1, for: $0)
            },
            screen("/ui/actions/{id}") { try await bulk.one($0) },
            screen("/ui/workers", operates: true) { try await fleet.workers($0) },
            act("/ui/workers/drain", operates: true) { visit, form in
                try await fleet.drain(form, for: visit)
                return Page.redirect(to: "ui/workers", from: visit.root)
            },
            screen("/ui/queues", operates: true) { try await fleet.queues($0) },
            screen("/ui/access", operates: true) { try await access.screen($0) },
            screen("/ui/try") { tryIt.screen($0) },
            act("/ui/try") { visit, form in
                let id = try await tryIt.run(form, for: visit)
                return Page.redirect(to: "ui/executions/\(id.text)", from: visit.root)
            },
        ]
    }

    typealias Visit = Page.Visit

    /// Another place that the browser is to go to.
    struct Elsewhere: Error {
        let path: String
    }

    // MARK: - Screens

    private func screen(
        _ path: String,
        operates: Bool = false,
        _ make: @escaping @Sendable (Visit) async throws -> Page.Screen
    ) -> Route {
        Route(.get, path, .anybody) { request, context in
            try await show(request, context) { visit in
                try checkRole(visit, operates)
                return try await make(visit)
            }
        }
    }

    /// What is no screen: as the API has it, for who has a session.
    ///
    /// What programs wrote stays apart from the page, though it comes from the same address.
    private func download(_ path: String, _ answer: @escaping Route.Handler) -> Route {
        Route(.get, path, .anybody) { request, context in
            let visit = Visit(request, context)
            do {
                var response = try await answer(request, try enter(visit).context)
                response.headers[.contentSecurityPolicy] = "default-src 'none'; sandbox"
                return response
            } catch {
                return failure(error, visit)
            }
        }
    }

    private func checkRole(_ visit: Visit, _ operates: Bool) throws(Problem) {
        if operates, !visit.caller.operates {
            throw Problem(.forbidden, "only a token with the role operate may")
        }
    }

    /// Shows a screen to who may see it, as a document or as a stream; who has no session signs in first.
    private func show(
        _ request: Request,
        _ context: GatewayContext,
        _ make: @escaping @Sendable (Visit) async throws -> Page.Screen
    ) async throws -> Response {
        var visit = Visit(request, context)
        do {
            visit = try enter(visit)
            let screen = try await make(visit)
            if screen.isLive, try request.parameter("live") != nil {
                return try follow(visit, make)
            }
            return page.response(screen, for: visit, notice: try notice(request))
        } catch let elsewhere as Elsewhere {
            return Page.redirect(to: elsewhere.path, from: visit.root)
        } catch {
            return failure(error, visit)
        }
    }

    /// What was done on the way here, of what can be done.
    private func notice(_ request: Request) throws(Problem) -> String? {
        switch try request.parameter("done") {
        case "requeue": "It is on its way again."
        case "purge": "It is gone."
        case "rerun": "It runs again."
        default: nil
        }
    }

    private func enter(_ visit: Visit) throws -> Visit {
        var context = visit.context
        let session = visit.session
        let caller = try authenticator.caller(
            ofPage: visit.request,
            session: session.isNew ? nil : session.secret
        )
        try rate.count(caller.key)
        context.caller = caller
        return Visit(visit.request, context, session)
    }

    private func failure(_ error: any Error, _ visit: Visit) -> Response {
        let problem = Problem(error, logger: visit.context.logger)
        if problem.kind == .unauthorized {
            let path = visit.request.uri.description.drop { $0 == "/" }
            let next = path.isEmpty ? "" : "?next=\(String(path).queryEscaped)"
            return Page.redirect(to: "ui/sign-in\(next)", from: visit.root)
        }
        let view = ProblemView(
            title: problem.kind.title,
            detail: problem.detail,
            home: visit.root == "" ? "./" : visit.root
        )
        return page.response(
            Page.Screen(problem.kind.title, .problem, view),
            for: visit,
            status: problem.kind.status
        )
    }

    private struct ProblemView: Sendable {
        let title: String
        let detail: String
        let home: String
    }

    // MARK: - Acts

    /// A form that does something: one of this session, of somebody who may.
    private func act(
        _ path: String,
        operates: Bool = false,
        _ perform: @escaping @Sendable (Visit, PageForm) async throws -> Response
    ) -> Route {
        Route(.post, path, .anybody) { request, context in
            var visit = Visit(request, context)
            do {
                visit = try enter(visit)
                try checkRole(visit, operates)
                guard visit.caller.submits || path == Self.signOut else {
                    throw Problem(.forbidden, "a token with the role read may not")
                }
                let body = try await reader.body(
                    of: request,
                    types: Self.formTypes,
                    for: visit.caller
                )
                let form = PageForm(body.bytes)
                try visit.session.check(form)
                return try await perform(visit, form)
            } catch {
                return failure(error, visit)
            }
        }
    }

    /// Asks whether something is to be done to many, or does it.
    private func act(
        on target: BulkAction.Target,
        _ form: PageForm,
        for visit: Visit
    ) async throws -> Response {
        switch try await bulk.act(on: target, form, for: visit) {
        case .begun(let id):
            Page.redirect(to: "ui/actions/\(id.text)", from: visit.root)
        case .question(let screen): page.response(screen, for: visit)
        }
    }

    // MARK: - Signing in

    private struct SignInView: Sendable {
        let root: String
        let next: String
        let failure: String?
    }

    private func signIn(_ visit: Visit, next: String? = nil, failure: String?) -> Response {
        let asked = try? visit.request.parameter("next")
        let view = SignInView(root: visit.root, next: next ?? asked ?? "", failure: failure)
        return page.response(
            Page.Screen("Sign in", .signIn, view),
            for: visit,
            status: failure == nil ? .ok : .unauthorized
        )
    }

    private func enter(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let visit = Visit(request, context)
        let body = try await reader.body(of: request, types: Self.formTypes, for: .anybody)
        let form = PageForm(body.bytes)
        let session = PageSession(token: form["token"]?.trimmed ?? "")
        let next = form["next"] ?? ""
        do {
            let caller = try authenticator.caller(ofPage: request, session: session.secret)
            try rate.count(caller.key)
        } catch let problem as Problem where problem.kind == .unauthorized {
            return signIn(visit, next: next, failure: "This token is not known, or counts no more.")
        }
        // Only to a place of ours.
        let isOurs = !next.contains("//") && !next.contains("\\") && !next.contains(":")
        var response = Page.redirect(to: isOurs ? next : "", from: visit.root)
        response.setCookie(session.cookie(for: request))
        return response
    }

    // MARK: - Live

    /// Sends a screen's fragment whenever it has changed, until the client goes, the gateway stops, or another
    /// caller wants the place.
    private func follow(
        _ visit: Visit,
        _ make: @escaping @Sendable (Visit) async throws -> Page.Screen
    ) throws -> Response {
        let share = streams.share(of: visit.caller.key)
        try share.take()
        let (ends, end) = AsyncStream<Void>.makeStream()
        let templates = page.templates
        let body = ResponseBody { writer in
            let revocation = Task {
                for await _ in share.revocation {}
                end.yield()
            }
            defer { revocation.cancel() }
            let ticks = AsyncTimerSequence(interval: Self.interval, clock: ContinuousClock())
            let signals = merge(ticks.map { _ in true }, ends.map { false })
            var last = ""
            try await withGracefulShutdownHandler {
                try await visit.request.body.consumeWithInboundCloseHandler { _ in
                    for await goesOn in signals {
                        guard goesOn else { break }
                        _ = try authenticator.caller(
                            ofPage: visit.request,
                            session: visit.session.secret
                        )
                        let screen = try await make(visit)
                        let fragment = templates.render(screen.template, screen.view)
                        let event =
                            fragment == last
                            ? ServerSentEvent.heartbeat
                            : ServerSentEvent.fragment(fragment).buffer
                        try await writer.write(event)
                        last = fragment
                        guard screen.isLive else {
                            try await writer.write(ServerSentEvent.over.buffer)
                            break
                        }
                    }
                } onInboundClosed: {
                    end.yield()
                }
            } onGracefulShutdown: {
                end.yield()
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/event-stream", .cacheControl: "no-store",
                .connection: "close",
            ],
            body: body
        )
    }
}

extension Page.Visit {
    init(_ request: Request, _ context: GatewayContext, _ session: PageSession? = nil) {
        let depth = max(0, request.uri.path.split(separator: "/").count - 1)
        self.init(
            request: request,
            context: context,
            session: session ?? PageSession(of: request),
            root: String(repeating: "../", count: depth)
        )
    }

    /// The id in the path.
    var id: String { context.parameters.get("id") ?? "" }
}

extension String {
    /// Percent-encoded, to stand in a query (RFC 3986, section 2.3).
    var queryEscaped: String {
        let digits = Array("0123456789ABCDEF")
        return utf8.map { byte in
            let scalar = Unicode.Scalar(byte)
            let isPlain =
                scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
                || "-._~".unicodeScalars.contains(scalar)
            return isPlain
                ? String(Character(scalar)) : "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
        }
        .joined()
    }

    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
