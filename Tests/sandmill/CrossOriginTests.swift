import Foundation
import Testing

extension SystemTests {
    /// What a page from another origin may do, and what a client learns by `OPTIONS`.
    @Suite(.timeLimit(.minutes(5)))
    struct CrossOriginTests {
        private static let origin = "https://lab.example.org"

        private func preflight(
            _ gateway: HTTPGateway,
            _ path: String,
            from origin: String
        ) async throws -> HTTPGateway.Answer {
            try await gateway.ask(
                path,
                "-X",
                "OPTIONS",
                "-H",
                "Origin: \(origin)",
                "-H",
                "Access-Control-Request-Method: POST",
                "-H",
                "Access-Control-Request-Headers: authorization, content-type"
            )
        }

        @Test(.installationWithoutWorker)
        func noPageFromElsewhereMayUseItUnlessItIsToldSo() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway")
            let answer = try await preflight(gateway, "/execute/async", from: Self.origin)
            #expect(answer.status == 204)
            #expect(answer.fields["allow"] == "OPTIONS, POST")
            #expect(!answer.fields.keys.contains { $0.hasPrefix("access-control") })
            #expect(answer.fields["vary"] == nil)
            let plain = try await gateway.ask("/execute/\(UUID())", "-X", "OPTIONS")
            #expect(plain.fields["allow"] == "DELETE, GET, HEAD, OPTIONS")
            let unknown = try await gateway.ask("/nowhere", "-X", "OPTIONS")
            #expect(unknown.status == 404)
            try await installation.stop(gateway.process)
        }

        @Test(
            .installation([
                "SANDMILL_GATEWAY_ORIGINS": "https://lab.example.org,http://localhost:5173"
            ])
        )
        func aPageOfAnAllowedOriginMayUseIt() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway")
            let allowed = try await preflight(gateway, "/execute/async", from: Self.origin)
            #expect(allowed.status == 204)
            #expect(allowed.fields["access-control-allow-origin"] == Self.origin)
            #expect(allowed.fields["access-control-allow-methods"] == "OPTIONS, POST")
            let headers = allowed.fields["access-control-allow-headers"] ?? ""
            for name in ["authorization", "content-type", "idempotency-key"] {
                #expect(headers.contains(name), "\(name)")
            }
            #expect(allowed.fields["access-control-allow-credentials"] == nil)
            #expect(allowed.fields["vary"] == "Origin")

            let other = try await preflight(gateway, "/execute/async", from: "https://evil.example")
            #expect(other.fields["access-control-allow-origin"] == nil)
            #expect(other.fields["vary"] == "Origin")

            // Why it has no other answer, a page may read too.
            let missing = try await gateway.ask(
                "/execute/\(UUID())",
                "-H",
                "Origin: \(Self.origin)"
            )
            #expect(missing.status == 404)
            #expect(missing.fields["access-control-allow-origin"] == Self.origin)
            #expect(missing.fields["access-control-expose-headers"]?.contains("location") == true)
            let list = try await gateway.ask("/executions", "-H", "Origin: \(Self.origin)")
            #expect(list.fields["vary"] == "Accept, Origin")
            try await installation.stop(gateway.process)
        }

        @Test(.installation())
        func aBatchTellsWhomItRefusedAndGivesItsResultsByPages() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway")
            let lines = [
                #"{"source": "print(1)"}"#, #"{"sauce": 1, "limits": {"cpu_seconds": 0}}"#,
                #"{"source": "print(2)"}"#, #"{"source": "exit(1)"}"#, #"{"source": "print(3)"}"#,
            ]
            let made = try await gateway.ask(
                "/batches",
                "-H",
                "Content-Type: application/x-ndjson",
                "--data-binary",
                lines.joined(separator: "\n")
            )
            #expect(made.status == 202)
            let body = try made.json
            #expect(body["refused"] == 1)
            let refusal = body["refusals"].elements.first ?? .null
            #expect(refusal["pointer"] == "/executions/1")
            #expect(refusal["error_type"] == "invalid_request")
            #expect(
                refusal["errors"].elements.compactMap { $0["pointer"].string } == [
                    "/executions/1/sauce", "/executions/1/source",
                    "/executions/1/limits/cpu_seconds",
                ]
            )
            let id = try #require(body["id"].string)
            _ = try await installation.events.message {
                $0.event["subject"] == .string(id) && $0.routingKey.hasPrefix("batch.completed")
            }

            var found: [String] = []
            var path = "/batches/\(id)/results?limit=2&state=succeeded"
            while true {
                let page = try await gateway.ask(path)
                #expect(page.status == 200)
                let documents = try page.text.split(separator: "\n").map { try JSON(String($0)) }
                #expect(documents.count <= 2)
                found += documents.compactMap { $0["stdout"]["preview"].string }
                guard let link = page.fields["link"] else { break }
                let query = try #require(link.wholeMatch(of: /<(.*)>; rel="next"/)).1
                path = "/batches/\(id)/results\(query)"
            }
            #expect(found.sorted() == ["1\n", "2\n", "3\n"])
            let all = try await gateway.ask("/batches/\(id)/results")
            #expect(all.text.split(separator: "\n").count == 4)
            for query in ["limit=0", "state=nowhere", "cursor=x", "limits=1"] {
                let answer = try await gateway.ask("/batches/\(id)/results?\(query)")
                #expect(answer.status == 400, "\(query)")
            }
            try await installation.stop(gateway.process)
        }
    }
}
