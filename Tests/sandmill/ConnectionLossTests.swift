import Foundation
import Testing

extension SystemTests {
    /// Connections come and go; nothing is lost and nothing runs twice.
    @Suite(.timeLimit(.minutes(2)))
    struct ConnectionLossTests {
        private static let program: JSON = ["source": "import time; time.sleep(0.3)\nprint('done')"]

        @Test(.installationWithoutWorker)
        func brokerConnectionsThatAreCutCostNothing() async throws {
            let installation = try Installation.current
            let proxy = try await Proxy(before: installation.brokerURL)
            let worker = try await installation.startWorker(
                "worker-a",
                settings: ["SANDMILL_BROKER_URL": proxy.url]
            )
            var ids: [UUID] = []
            for _ in 1...3 {
                for _ in 1...6 { ids.append(try await installation.submit(Self.program)) }
                _ = try await installation.events.finished(ids[ids.count - 6])
                #expect(try await proxy.drop() > 0)
            }
            try await expectSuccess(of: ids, on: installation)
            worker.kill()
        }

        @Test(.installation())
        func databaseConnectionsThatAreTerminatedCostNothing() async throws {
            let installation = try Installation.current
            var ids: [UUID] = []
            for _ in 1...3 {
                for _ in 1...6 { ids.append(try await installation.submit(Self.program)) }
                _ = try await installation.events.finished(ids[ids.count - 6])
                let terminated = try await installation.query(
                    """
                    select pg_terminate_backend(pid) from pg_stat_activity
                    where application_name = %s
                    """,
                    .string(installation.name)
                )
                #expect(!terminated.isEmpty)
            }
            try await expectSuccess(of: ids, on: installation)
        }

        private func expectSuccess(of ids: [UUID], on installation: Installation) async throws {
            for id in ids {
                let result = try await installation.events.finished(id)["data"]
                #expect(result["state"] == "succeeded")
                #expect(result["stdout"]["preview"] == "done\n")
            }
            try await installation.expectOneEnd(of: ids)
        }
    }
}

/// A proxy before a broker; see `clients/proxy.py`.
private struct Proxy {
    /// The way to the broker through it.
    let url: String
    private let program: Program

    init(before broker: String) async throws {
        var components = try #require(URLComponents(string: broker))
        let program = try Program.client(
            "proxy",
            try #require(components.host),
            String(components.port ?? 5672)
        )
        let port = try await within(.seconds(20), "the proxy") {
            try await program.answer()["port"]
        }
        components.host = "127.0.0.1"
        components.port = port.double.map { Int($0) }
        url = try #require(components.string)
        self.program = program
    }

    /// Cuts all connections, and tells how many there were.
    func drop() async throws -> Int {
        let answer = try await within(.seconds(10), "the cut") { [program] in
            try await program.ask("drop")
        }
        return Int(answer["dropped"].double ?? 0)
    }
}
