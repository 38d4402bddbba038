internal import HTTPTypes
internal import Hummingbird
internal import SandmillEntity
internal import SandmillService

/// Tells who makes a request, and whether it may (RFC 6750).
///
/// Where there never was a token, which only a gateway on loopback allows, the header `tenant` says
/// for whom a request is, as it does in AMQP. A browser on this machine would then carry requests of any
/// page, so what a page from elsewhere can make it send is refused, unless its origin is named
/// (``refuseOtherSites(_:)``).
struct Authenticator: Sendable {
    /// Who may have something.
    enum Access: Sendable {
        /// Everybody.
        case anybody
        /// Whoever has a token.
        case caller
        /// Whoever may submit.
        case whoSubmits
        /// Whoever operates the installation.
        case whoOperates
    }

    private static let challenge: HTTPFields = [.wwwAuthenticate: "Bearer realm=\"sandmill\""]

    let directory: TokenDirectory
    let isLoopback: Bool
    /// The origins whose pages may use the gateway; `*` names none here, since a page then needs a token.
    var origins: [String] = []

    /// The caller of a request.
    func caller(of request: Request, for access: Access) throws -> Caller {
        if case .anybody = access { return .anybody }
        let caller = try identify(request)
        switch access {
        case .whoOperates where !caller.operates:
            throw Problem(.forbidden, "only a token with the role operate may")
        case .whoSubmits where !caller.submits:
            throw Problem(.forbidden, "a token with the role read may not")
        default: return caller
        }
    }

    private var asksForNoToken: Bool {
        get throws { try isLoopback && directory.isOpen() }
    }

    /// Who looks at the page, by the secret of their session; where no token is asked for, whoever is on
    /// this machine, and for all tenants.
    func caller(ofPage request: Request, session: String?) throws -> Caller {
        if try asksForNoToken {
            try refuseOtherSites(request)
            return Caller(
                tenant: "default",
                actsForAll: true,
                submits: true,
                operates: true,
                key: "page",
                name: "somebody on this machine"
            )
        }
        guard let session, let token = try directory.token(session) else {
            throw Problem(.unauthorized, "the session has ended")
        }
        return try Self.caller(token, actingFor: nil)
    }

    private func identify(_ request: Request) throws -> Caller {
        let tenant = try Self.tenant(of: request)
        if try asksForNoToken {
            try refuseOtherSites(request)
            let tenant = tenant ?? "default"
            return Caller(
                tenant: tenant,
                actsForAll: false,
                submits: true,
                operates: true,
                key: "tenant \(tenant)",
                name: "somebody on this machine"
            )
        }
        guard let text = Self.bearer(request) else {
            throw Problem(.unauthorized, "the request has no token", headers: Self.challenge)
        }
        guard let token = try directory.token(text) else {
            var challenge = Self.challenge
            challenge[.wwwAuthenticate]? += ", error=\"invalid_token\""
            throw Problem(
                .unauthorized,
                "the token is not known, or counts no more",
                headers: challenge
            )
        }
        return try Self.caller(token, actingFor: tenant)
    }

    /// Takes only requests to a name of loopback, and from no page but our own and those of ``origins``.
    ///
    /// A page whose own name leads here by then (DNS rebinding) has that name in `Host`; other pages have
    /// theirs in `Origin` (RFC 6454, section 7).
    private func refuseOtherSites(_ request: Request) throws(Problem) {
        let host = request.head.authority ?? ""
        guard Self.isLoopbackName(host) else {
            throw Problem(
                .forbidden,
                "without access tokens the field Host has to name this machine, such as localhost"
            )
        }
        guard let origin = request.headers[.origin], !origins.contains(origin) else { return }
        guard origin.lowercased() == "http://\(host)".lowercased() else {
            throw Problem(.forbidden, "the request comes from a page of another site")
        }
    }

    /// Whether a host with or without a port is `localhost` or an address of loopback.
    private static func isLoopbackName(_ authority: String) -> Bool {
        authority.lowercased()
            .wholeMatch(of: /(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?/) != nil
    }

    private static func caller(
        _ token: AccessToken,
        actingFor tenant: String?
    ) throws -> Caller {
        let operates = token.role == .operate
        guard operates || tenant == nil || tenant == token.tenant else {
            throw Problem(.forbidden, "the token is for another tenant")
        }
        return Caller(
            tenant: tenant ?? token.tenant,
            actsForAll: operates && tenant == nil,
            submits: token.role != .read,
            operates: operates,
            key: "token \(token.prefix)",
            name: "\(token.name) (token \(token.prefix))"
        )
    }

    private static func bearer(_ request: Request) -> String? {
        guard let field = request.headers[.authorization] else { return nil }
        let parts = field.split(separator: " ")
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }

    private static func tenant(of request: Request) throws -> String? {
        let tenants = request.headers[values: .tenant]
        guard let tenant = tenants.first else { return nil }
        guard tenants.count == 1, Name.isValid(tenant) else {
            throw Problem(.invalidRequest, "the header tenant is not \(Name.rule)")
        }
        return tenant
    }
}

extension HTTPField.Name {
    /// For whom a request is.
    fileprivate static let tenant = Self.parsed("tenant")
    /// The id of an execution or a batch, chosen by the client.
    static let idempotencyKey = Self.parsed("Idempotency-Key")
    /// By what a client came to the proxy before this gateway.
    static let forwardedProtocol = Self.parsed("X-Forwarded-Proto")
    /// What a browser tells of a page to those that it leads to (Referrer Policy).
    static let referrerPolicy = Self.parsed("Referrer-Policy")
    /// What a reader of server-sent events has come to.
    static let lastEventID = Self.parsed("Last-Event-ID")

    private static func parsed(_ name: String) -> Self {
        guard let name = Self(name) else { preconditionFailure("our own names are tokens") }
        return name
    }
}
