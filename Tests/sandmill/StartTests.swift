import FaultyProxy
import Foundation
import Testing

extension SystemTests {
    /// A worker or gateway that starts while what it needs is away.
    @Suite(.installationWithoutWorker, .timeLimit(.minutes(5)))
    struct StartTests {
        private static let waiting = "A server is away and is waited for."

        @Test func aWorkerWaitsForTheBroker() async throws {
            let installation = try Installation.current
            var broker = try #require(URLComponents(string: installation.brokerURL))
            let proxy = FaultyProxy(before: broker.port ?? 5_672)
            defer { proxy.stop() }
            proxy.mode = .refusing
            broker.port = proxy.port
            let worker = try installation.start(
                ["worker"],
                settings: ["SANDMILL_BROKER_URL": try #require(broker.string)]
            )
            try await within(.seconds(30), "it says so") {
                try await worker.errors.skip(to: Self.waiting)
            }
            proxy.mode = .forwarding
            try await within(.seconds(30), "the start") {
                try await worker.errors.skip(to: "The worker is up.")
            }
            #expect(worker.errors.text.components(separatedBy: Self.waiting).count == 2)
            let result = try await installation.result(of: "print('works')")
            #expect(result["state"] == "succeeded")
            try await installation.stop(worker)
        }

        @Test(arguments: ["worker", "gateway"])
        func itWaitsForADatabaseThatIsStarting(command: String) async throws {
            let installation = try Installation.current
            let url = try #require(installation.settings["SANDMILL_DATABASE_URL"])
            var database = try #require(URLComponents(string: url))
            let starting = try Program.client("starting_database")
            let port = database.port ?? 5_432
            database.port = Int(try #require(await starting.output.next()))
            let process = try installation.start(
                [command],
                settings: [
                    "SANDMILL_DATABASE_URL": try #require(database.string),
                    "SANDMILL_GATEWAY_LISTEN": "127.0.0.1:0",
                ]
            )
            try await within(.seconds(30), "it says so") {
                try await process.errors.skip(to: Self.waiting)
            }
            #expect(process.errors.text.contains("starting up"))
            try starting.write("\(port)")
            try await within(.seconds(30), "the start") {
                try await process.errors.skip(to: "The \(command) is up.")
            }
            process.kill()
        }

        @Test func itEndsWhenTheTimeIsUp() async throws {
            let installation = try Installation.current
            for (setting, url) in [
                ("SANDMILL_BROKER_URL", "amqp://127.0.0.1:1/"),
                ("SANDMILL_DATABASE_URL", "postgresql://127.0.0.1:1/none"),
                ("SANDMILL_ENGINE_URL", "tcp://127.0.0.1:1"),
            ] {
                let ended = try await installation.run(
                    ["worker"],
                    settings: [setting: url, "SANDMILL_START_TIMEOUT": "500ms"]
                )
                #expect(ended.exitCode == 69, "\(ended.errors)")
                #expect(ended.errors.contains(Self.waiting))
            }
        }

        @Test func itDoesNotWaitForWhatRefusesIt() async throws {
            let installation = try Installation.current
            var broker = try #require(URLComponents(string: installation.brokerURL))
            broker.password = "wrong"
            for (setting, value) in [
                ("SANDMILL_BROKER_URL", try #require(broker.string)),
                ("SANDMILL_DATABASE_SCHEMA", "nobody_made_it"),
            ] {
                let ended = try await installation.run(["worker"], settings: [setting: value])
                #expect(ended.exitCode == 78, "\(ended.errors)")
                #expect(!ended.errors.contains(Self.waiting))
            }
        }
    }
}
