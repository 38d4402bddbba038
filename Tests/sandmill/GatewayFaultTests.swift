import FaultyProxy
import Foundation
import Testing

extension SystemTests {
    /// The HTTP gateway while what it needs comes and goes.
    @Suite(.installationWithoutWorker, .timeLimit(.minutes(5)))
    struct GatewayFaultTests {
        @Test func whoWaitsGetsTheEndThoughTheBrokerWasCutOff() async throws {
            let installation = try Installation.current
            var broker = try #require(URLComponents(string: installation.brokerURL))
            let proxy = FaultyProxy(before: broker.port ?? 5_672)
            defer { proxy.stop() }
            broker.port = proxy.port
            let gateway = try await installation.open(
                settings: ["SANDMILL_BROKER_URL": try #require(broker.string)]
            )
            let id = UUID()
            async let answer = gateway.submit(
                [
                    "source": "import time; time.sleep(8); print('done')",
                    "limits": ["wall_seconds": 60],
                ],
                to: "/execute/sync?wait=50",
                "-H",
                "Idempotency-Key: \(id)"
            )
            try await installation.wait(for: id, in: "running")
            proxy.cut()
            let ended = try await answer
            #expect(ended.status == 200)
            #expect(try ended.json["stdout"]["preview"] == "done\n")
            let next = try await gateway.submit(["source": "print('next')"])
            #expect(next.status == 200)
            try await eventually(within: .seconds(20), "everything is ready again") {
                try await gateway.ask("/readyz").status == 200
            }
            try await installation.stop(gateway.process)
        }

        @Test func whatComesByHTTPRunsThoughTheBrokerIsAway() async throws {
            let installation = try Installation.current
            var broker = try #require(URLComponents(string: installation.brokerURL))
            let proxy = FaultyProxy(before: broker.port ?? 5_672)
            broker.port = proxy.port
            let gateway = try await installation.open(
                settings: ["SANDMILL_BROKER_URL": try #require(broker.string)]
            )
            proxy.stop()
            let answer = try await gateway.submit(
                ["source": "print('done')"],
                to: "/execute/sync?wait=50"
            )
            #expect(answer.status == 200)
            #expect(try answer.json["stdout"]["preview"] == "done\n")
            gateway.process.kill()
        }

        @Test func withoutTheDatabaseItSaysSo() async throws {
            let installation = try Installation.current
            let url = try #require(installation.settings["SANDMILL_DATABASE_URL"])
            var database = try #require(URLComponents(string: url))
            let proxy = FaultyProxy(before: database.port ?? 5_432)
            database.port = proxy.port
            let gateway = try await installation.open(
                "gateway",
                settings: ["SANDMILL_DATABASE_URL": try #require(database.string)]
            )
            let submitted = try await gateway.submit(["source": "1"], to: "/execute/async")
            #expect(submitted.status == 202)
            proxy.stop()
            try await eventually(within: .seconds(30), "it is not ready") {
                let ready = try await gateway.ask("/readyz")
                let database = try ready.json["checks"].elements.first { $0["name"] == "database" }
                return ready.status == 503 && database?["status"] == "failed"
            }
            let refused = try await gateway.ask("/execute/\(UUID())/status")
            #expect(refused.status == 503)
            #expect(refused.fields["retry-after"] != nil)
            #expect(refused.fields["content-type"] == "application/problem+json")
            let alive = try await gateway.ask("/livez")
            #expect(alive.status == 200)
            gateway.process.kill()
        }
    }
}
