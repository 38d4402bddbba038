import HTTPTypes
import Hummingbird
import Logging
import SandmillService
import TestSupport
import Testing

@testable import SandmillAPI

@Suite(.timeLimit(.minutes(5))) struct AuthenticatorTests {
    private let tokens = FakeTokens()

    private func authenticator(
        isLoopback: Bool = true,
        origins: [String] = []
    ) async throws -> Authenticator {
        let logger = Logger.silent
        let directory = TokenDirectory(store: tokens, logger: logger)
        try await directory.load()
        return Authenticator(directory: directory, isLoopback: isLoopback, origins: origins)
    }

    private func token(_ role: AccessRole) throws -> String {
        let secret = TokenSecret.random()
        _ = try tokens.create(
            NewAccessToken(
                prefix: secret.prefix,
                digest: secret.digest,
                name: "ci",
                tenant: "acme",
                role: role,
                lifetime: nil
            )
        )
        return secret.text
    }

    private func request(
        _ token: String? = nil,
        tenant: String? = nil,
        host: String? = "127.0.0.1:8080",
        origin: String? = nil
    ) -> Request {
        var head = HTTPRequest(method: .get, scheme: nil, authority: host, path: "/")
        head.headerFields[.origin] = origin
        head.headerFields[.authorization] = token.map { "Bearer \($0)" }
        if let tenant, let name = HTTPField.Name("tenant") { head.headerFields[name] = tenant }
        return Request(head: head, body: RequestBody(buffer: ByteBuffer()))
    }

    @Test func withoutTokensTheHeaderSaysForWhom() async throws {
        let authenticator = try await authenticator()
        #expect(try authenticator.caller(of: request(), for: .caller).tenant == "default")
        let caller = try authenticator.caller(of: request(tenant: "acme"), for: .caller)
        #expect(caller.tenant == "acme")
        #expect(caller.sees("acme"))
        #expect(!caller.sees("default"))
    }

    @Test(arguments: [
        "localhost", "LocalHost:8080", "127.0.0.1", "127.1.2.3:1", "[::1]", "[::1]:8080",
    ])
    func withoutTokensThisMachineIsTaken(host: String) async throws {
        let authenticator = try await authenticator()
        let own = [nil, "http://\(host)"]
        for origin in own {
            _ = try authenticator.caller(of: request(host: host, origin: origin), for: .caller)
        }
    }

    @Test(arguments: [
        (nil, nil), ("", nil), ("evil.example", nil), ("evil.example:8080", nil),
        ("127.0.0.1.evil.example", nil), ("localhost.evil.example", nil), ("127.0.0.1@evil", nil),
        ("10.0.0.1", nil), ("[::2]", nil), ("localhost:8080:1", nil),
        ("localhost:8080", "http://evil.example"), ("localhost:8080", "null"),
        ("localhost:8080", "http://localhost:3000"), ("localhost:8080", "https://localhost:8080"),
        ("localhost:8080", "http://localhost:8080.evil.example"), ("localhost:8080", ""),
    ])
    func withoutTokensNoOtherSiteIsTaken(host: String?, origin: String?) async throws {
        let authenticator = try await authenticator()
        let problem = #expect(throws: Problem.self) {
            try authenticator.caller(of: request(host: host, origin: origin), for: .caller)
        }
        #expect(problem?.kind == .forbidden)
    }

    @Test func withoutTokensOnlyPagesOfAnOriginThatIsNamedMayComeFromElsewhere() async throws {
        let origin = "http://localhost:3000"
        let named = try await authenticator(origins: [origin])
        _ = try named.caller(of: request(host: "localhost:8080", origin: origin), for: .caller)
        for (host, origin) in [("localhost:8080", "http://evil.example"), ("evil.example", origin)]
        {
            #expect(throws: Problem.self) {
                try named.caller(of: request(host: host, origin: origin), for: .caller)
            }
        }
        let all = try await authenticator(origins: ["*"])
        #expect(throws: Problem.self) {
            try all.caller(of: request(host: "localhost:8080", origin: origin), for: .caller)
        }
    }

    @Test func aTokenMayComeByAnyNameAndFromAnyPage() async throws {
        let token = try token(.submit)
        let authenticator = try await authenticator()
        _ = try authenticator.caller(
            of: request(token, host: "sandmill.example", origin: "https://grader.example"),
            for: .caller
        )
    }

    @Test func elsewhereNobodyComesInWithoutAToken() async throws {
        let authenticator = try await authenticator(isLoopback: false)
        let problem = #expect(throws: Problem.self) {
            try authenticator.caller(of: request(), for: .caller)
        }
        #expect(problem?.kind == .unauthorized)
        #expect(problem?.headers[.wwwAuthenticate] == "Bearer realm=\"sandmill\"")
    }

    @Test func onceThereIsATokenLoopbackNeedsOneToo() async throws {
        _ = try token(.submit)
        let authenticator = try await authenticator()
        for wrong in [nil, "", "x", "sandmill_00000000_\(String(repeating: "A", count: 43))"] {
            let problem = #expect(throws: Problem.self) {
                try authenticator.caller(of: request(wrong), for: .caller)
            }
            #expect(problem?.kind == .unauthorized)
        }
        #expect(try authenticator.caller(of: request(), for: .anybody) == .anybody)
    }

    @Test func aTokenToSubmitIsForItsTenantOnly() async throws {
        let token = try token(.submit)
        let authenticator = try await authenticator(isLoopback: false)
        let caller = try authenticator.caller(of: request(token, tenant: "acme"), for: .caller)
        #expect(caller.tenant == "acme")
        #expect(caller.scope == "acme")
        #expect(!caller.sees("other"))
        let problem = #expect(throws: Problem.self) {
            try authenticator.caller(of: request(token, tenant: "other"), for: .caller)
        }
        #expect(problem?.kind == .forbidden)
    }

    @Test func whatOperatorsSeeIsNotForOthers() async throws {
        let (submit, operate) = (try token(.submit), try token(.operate))
        let authenticator = try await authenticator(isLoopback: false)
        #expect(try authenticator.caller(of: request(operate), for: .whoOperates).operates)
        let problem = #expect(throws: Problem.self) {
            try authenticator.caller(of: request(submit), for: .whoOperates)
        }
        #expect(problem?.kind == .forbidden)
    }

    @Test func anOperatorActsForAllOrForTheOneThatIsNamed() async throws {
        let token = try token(.operate)
        let authenticator = try await authenticator(isLoopback: false)
        let all = try authenticator.caller(of: request(token), for: .caller)
        #expect(all.sees("other"))
        #expect(all.scope == nil)
        #expect(all.tenant == "acme")
        let other = try authenticator.caller(of: request(token, tenant: "other"), for: .caller)
        #expect(other.tenant == "other")
        #expect(!other.sees("acme"))
    }

    @Test(arguments: ["", "a b", "..", "a/b", "é"])
    func aTenantThatIsNoNameIsRefused(tenant: String) async throws {
        let authenticator = try await authenticator()
        let problem = #expect(throws: Problem.self) {
            try authenticator.caller(of: request(tenant: tenant), for: .caller)
        }
        #expect(problem?.kind == .invalidRequest)
    }
}
