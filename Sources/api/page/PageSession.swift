internal import FoundationEssentials
internal import HTTPTypes
import Hashing
internal import Hummingbird

/// What ties the requests of a browser together: a cookie that holds the access token, out of the reach of
/// scripts and never sent along by pages of other sites (RFC 6265bis, `HttpOnly`, `SameSite=Strict`).
///
/// Where no token is asked for it holds a random secret, so that forms are protected alike.
struct PageSession: Sendable {
    private static let cookie = "sandmill_session"

    /// The access token, or a random secret.
    let secret: String
    /// Whether the browser does not have it yet.
    let isNew: Bool

    /// The session of a request, or a new one without a token.
    init(of request: Request) {
        if let value = request.cookies[Self.cookie]?.value, !value.isEmpty {
            secret = value
            isNew = false
        } else {
            secret = TokenSecret.randomText()
            isNew = true
        }
    }

    /// The session of whoever signs in with a token.
    init(token: String) {
        secret = token
        isNew = true
    }

    /// What a form of ours has and nobody else can know: the token behind it, hashed with the secret.
    var formToken: String {
        SHA256.authenticationCode(for: "form".utf8, key: Array(secret.utf8)).hexadecimal
    }

    /// Refuses a form that no page of ours has made.
    func check(_ form: PageForm) throws(Problem) {
        guard !isNew, let token = form["csrf"], token.count == formToken.count,
            zip(token.utf8, formToken.utf8).reduce(0, { $0 | ($1.0 ^ $1.1) }) == 0
        else {
            throw Problem(.forbidden, "the form is not one of this session: load the page again")
        }
    }

    /// The cookie that gives it to the browser.
    func cookie(for request: Request) -> Cookie {
        Cookie(
            name: Self.cookie,
            value: secret,
            path: "/",
            secure: request.headers[.forwardedProtocol] == "https",
            httpOnly: true,
            sameSite: .strict
        )
    }

    /// The cookie that ends it.
    static func end(for request: Request) -> Cookie {
        Cookie(name: cookie, value: "", maxAge: 0, path: "/", httpOnly: true, sameSite: .strict)
    }
}

/// What a form says: names with their values, as browsers send them (`application/x-www-form-urlencoded`).
struct PageForm: Sendable {
    static let contentType = "application/x-www-form-urlencoded"

    /// In the order of the form.
    let fields: [(name: String, value: String)]

    init(_ body: [UInt8]) {
        let text = String(decoding: body, as: UTF8.self)
        fields = text.split(separator: "&")
            .compactMap { field in
                let parts = field.replacing("+", with: " ")
                    .split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard let name = String(percentDecoding: String(parts[0])) else { return nil }
                let value = parts.count == 2 ? String(percentDecoding: String(parts[1])) : ""
                return value.map { (name, $0) }
            }
    }

    /// The first value of a name; nil where there is none.
    subscript(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    /// All values of a name.
    func all(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }
}
