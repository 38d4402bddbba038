import Foundation
import Testing

extension SystemTests {
    /// Who may use the HTTP gateway.
    @Suite(.timeLimit(.minutes(5)))
    struct GatewayTokenTests {
        private func header(_ token: String) -> String { "Authorization: Bearer \(token)" }

        @Test(.installationWithoutWorker)
        func withoutATokenOthersCannotReachIt() async throws {
            let installation = try Installation.current
            let anywhere = ["SANDMILL_GATEWAY_LISTEN": "0.0.0.0:0"]
            let refused = try await installation.run(["gateway"], settings: anywhere)
            #expect(refused.exitCode == 78)
            #expect(refused.errors.contains("sandmill token create"))
            let alone = try await installation.open("gateway")
            #expect(alone.process.errors.text.contains("There are no access tokens"))
            try await installation.stop(alone.process)
            let token = try await installation.token()
            let listed = try await installation.run(["token", "list"])
            let prefix = try #require(token.split(separator: "_").dropFirst().first)
            #expect(listed.output.contains { $0.contains(prefix) && $0.contains("valid") })
            #expect(!listed.output.contains { $0.contains(token) })
            let revoked = try await installation.run(["token", "revoke", String(prefix)])
            #expect(revoked.exitCode == 0)
            let again = try await installation.run(["gateway"], settings: anywhere)
            #expect(again.exitCode == 78)
            let unknown = try await installation.run(["token", "revoke", "none"])
            #expect(unknown.exitCode == 65)
        }

        @Test(.installationWithoutWorker)
        func aTokenIsNeededOnceThereIsOneAndUntilItIsRevoked() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway")
            let path = "/execute/\(UUID())/status"
            #expect(try await gateway.ask(path).status == 404)
            let token = try await installation.token("--tenant", "acme")
            try await eventually(within: .seconds(20), "a token is needed") {
                try await gateway.ask(path).status == 401
            }
            let refused = try await gateway.ask(path)
            #expect(refused.fields["www-authenticate"] == "Bearer realm=\"sandmill\"")
            #expect(refused.fields["content-type"] == "application/problem+json")
            let submitted = try await gateway.submit(
                ["source": "1"],
                to: "/execute/async",
                "-H",
                header(token)
            )
            #expect(submitted.status == 202)
            let id = try #require(try submitted.json["id"].string.flatMap(UUID.init(uuidString:)))
            #expect(try await installation.record(id)["tenant"] == "acme")
            #expect(try await gateway.ask("/metrics", "-H", header(token)).status == 403)
            for path in ["/livez", "/readyz", "/openapi.json"] {
                #expect(try await gateway.ask(path).status == 200, "\(path)")
            }
            try await eventually(within: .seconds(20), "its use is noted") {
                try await installation.query(
                    "select 1 from tokens where last_used_at is not null"
                ).count == 1
            }
            let prefix = try #require(token.split(separator: "_").dropFirst().first)
            _ = try await installation.run(["token", "revoke", String(prefix)])
            try await eventually(within: .seconds(20), "the token counts no more") {
                try await gateway.ask(path, "-H", header(token)).status == 401
            }
            try await installation.stop(gateway.process)
        }

        @Test(.installationWithoutWorker)
        func tenantsAreApartAndOperatorsSeeAll() async throws {
            let installation = try Installation.current
            let first = try await installation.token("--tenant", "first")
            let second = try await installation.token("--tenant", "second")
            let operate = try await installation.token("--role", "operate")
            let gateway = try await installation.open(
                "gateway",
                settings: ["SANDMILL_GATEWAY_LISTEN": "0.0.0.0:0"]
            )
            let submitted = try await gateway.submit(
                ["source": "1"],
                to: "/execute/async",
                "-H",
                header(first)
            )
            let id = try #require(try submitted.json["id"].string)
            let path = "/execute/\(id)/status"
            #expect(try await gateway.ask(path, "-H", header(first)).status == 200)
            #expect(try await gateway.ask(path, "-H", header(second)).status == 404)
            #expect(try await gateway.ask(path, "-H", header(operate)).status == 200)
            let asFirst = ["-H", header(operate), "-H", "tenant: first"]
            #expect(try await gateway.ask(path, asFirst).status == 200)
            let asSecond = ["-H", header(operate), "-H", "tenant: second"]
            #expect(try await gateway.ask(path, asSecond).status == 404)
            let forbidden = ["-H", header(second), "-H", "tenant: first"]
            #expect(try await gateway.ask(path, forbidden).status == 403)
            #expect(try await gateway.ask("/metrics", "-H", header(operate)).status == 200)
            try await installation.stop(gateway.process)
        }

        @Test(.installationWithoutWorker)
        func whatIsAnothersCanBeNeitherSeenNorCancelled() async throws {
            let installation = try Installation.current
            let first = try await installation.token("--tenant", "first")
            let second = try await installation.token("--tenant", "second")
            let gateway = try await installation.open("gateway")
            try await eventually(within: .seconds(20), "a token is needed") {
                try await gateway.ask("/execute/\(UUID())/status").status == 401
            }
            let execution = try await gateway.submit(
                ["source": "1"],
                to: "/execute/async",
                "-H",
                header(first)
            )
            let batch = try await gateway.submit(
                ["pool": "python", "executions": [["source": "1"], ["source": "2"]]],
                to: "/batches",
                "-H",
                header(first)
            )
            let paths = [
                "/execute/\(try #require(try execution.json["id"].string))",
                "/batches/\(try #require(try batch.json["id"].string))",
            ]
            // The last waits for an end, should it be let in.
            let reads = [
                "\(paths[0])/status", "\(paths[0])/result", "\(paths[0])/stdout",
                "\(paths[0])/files/a", paths[1], "\(paths[1])/results", "\(paths[0])/stream",
            ]
            for path in reads {
                #expect(
                    try await gateway.ask(path, "-H", header(second)).status == 404,
                    "\(path)"
                )
            }
            // One that a worker has: what is there of it counts, and not that it ended.
            try await installation.query(
                "update executions set state = 'running', worker = 'w' where batch_id is null"
            )
            for path in paths {
                let foreign = try await gateway.ask(
                    path,
                    "-X",
                    "DELETE",
                    "-H",
                    header(second)
                )
                #expect(foreign.status == 404, "\(path)")
            }
            let asked =
                "select 1 from cancellations union all "
                + "select 1 from batches where cancelled_at is not null"
            #expect(try await installation.query(asked).isEmpty)
            for path in paths {
                let own = try await gateway.ask(path, "-X", "DELETE", "-H", header(first))
                #expect(own.status == 202, "\(path)")
            }
            #expect(try await installation.query(asked).count == 4)
            try await installation.stop(gateway.process)
        }
    }
}
