internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import SandmillService

/// Puts screens into the frame that all have, and holds them to what browsers may do with them.
struct Page: Sendable {
    /// What a screen shows.
    struct Screen: Sendable {
        let title: String
        let template: PageTemplates.Name
        let view: any Sendable
        /// Whether it follows what happens while somebody looks.
        var isLive = false

        init(
            _ title: String,
            _ template: PageTemplates.Name,
            _ view: any Sendable,
            isLive: Bool = false
        ) {
            self.title = title
            self.template = template
            self.view = view
            self.isLive = isLive
        }
    }

    /// Somebody who looks at a screen, or acts on it.
    struct Visit: Sendable {
        let request: Request
        let context: GatewayContext
        let session: PageSession
        /// What leads from the screen to the gateway's root: behind a proxy that may be anywhere.
        let root: String

        /// Who it is.
        var caller: Caller { context.caller }
        /// What the forms of the screen have.
        var formToken: String { session.formToken }
    }

    private struct Frame {
        struct Link {
            let name: String
            let path: String
            let isCurrent: Bool
        }

        let title: String
        let root: String
        let home: String
        let version: String
        let isSignedIn: Bool
        let hasSession: Bool
        let who: String
        let csrf: String
        let screens: [Link]
        let notice: String?
        let live: String?
        let content: String
    }

    /// The screens by their path below the root, and whether they are for who operates only.
    private static let screens: [(name: String, path: String, operates: Bool)] = [
        ("Overview", "", true), ("Executions", "ui/executions", false),
        ("Batches", "ui/batches", false), ("Dead letters", "ui/dead-letters", true),
        ("Workers", "ui/workers", true), ("Queues", "ui/queues", true),
        ("Access", "ui/access", true), ("Try it", "ui/try", false),
    ]

    /// Nothing from elsewhere, nothing inline, no frame around it (Content Security Policy Level 3).
    private static let policy = """
        default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
        connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'
        """

    let templates = PageTemplates()

    /// A screen as a whole document.
    func response(
        _ screen: Screen,
        for visit: Visit,
        status: HTTPResponse.Status = .ok,
        notice: String? = nil
    ) -> Response {
        let isKnown = visit.caller != .anybody
        let path = visit.context.endpointPath ?? "/"
        let current = path.split(separator: "/").prefix(2).joined(separator: "/")
        let links = Self.screens.filter { visit.caller.operates || !$0.operates }
        let frame = Frame(
            title: screen.title,
            root: visit.root,
            home: Self.home(visit.root),
            version: templates.version,
            isSignedIn: isKnown,
            hasSession: isKnown && visit.caller.key != "page",
            who: visit.caller.actsForAll ? "operator" : visit.caller.tenant,
            csrf: visit.formToken,
            screens: links.map { screen in
                Frame.Link(
                    name: screen.name,
                    path: screen.path == "" ? Self.home(visit.root) : visit.root + screen.path,
                    isCurrent: screen.path == current
                )
            },
            notice: notice,
            live: screen.isLive ? Self.livePath(of: visit.request) : nil,
            content: templates.render(screen.template, screen.view)
        )
        var response = Response(
            status: status,
            headers: [
                .contentType: "text/html; charset=utf-8", .cacheControl: "no-store",
                .contentSecurityPolicy: Self.policy,
            ],
            body: ResponseBody(
                byteBuffer: ByteBuffer(string: templates.render(.layout, frame))
            )
        )
        response.headers[.referrerPolicy] = "same-origin"
        if isKnown, visit.session.isNew {
            response.setCookie(visit.session.cookie(for: visit.request))
        }
        return response
    }

    /// Sends the browser on, to a path from the root.
    static func redirect(to path: String, from root: String) -> Response {
        Response(
            status: .seeOther,
            headers: [.location: path == "" ? home(root) : root + path, .cacheControl: "no-store"]
        )
    }

    private static func home(_ root: String) -> String { root == "" ? "./" : root }

    /// The same screen as a stream, relative to itself.
    private static func livePath(of request: Request) -> String {
        let query = request.uri.query.map { "\($0)&" } ?? ""
        return "?\(query)live=1"
    }
}
