import Foundation
import Testing

extension SystemTests {
    /// What the door tells of itself, read by those who know nothing of our code.
    @Suite(.installationWithoutWorker, .timeLimit(.minutes(5)))
    struct GatewayDescriptionTests {
        private static let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()

        /// A program of the Python environment that `ops/test` makes.
        private func tool(
            _ name: String,
            _ arguments: [String],
            environment: [String: String] = [:]
        ) throws -> Program {
            let tool = Self.root.appending(path: ".sandmill/python/bin/\(name)")
            try #require(
                FileManager.default.isExecutableFile(atPath: tool.path()),
                "these tests need Python packages: ops/test installs them"
            )
            return try Program(
                tool,
                arguments,
                in: .temporaryDirectory,
                environment: ProcessInfo.processInfo.environment.merging(environment) { $1 }
            )
        }

        private func client(_ name: String) throws -> String {
            let parts = name.split(separator: ".")
            let file = Bundle.module.url(
                forResource: String(parts[0]),
                withExtension: String(parts[1]),
                subdirectory: "clients"
            )
            return try #require(file).path()
        }

        @Test func theDescriptionIsServedAndIsValid() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway")
            let served = try await gateway.ask("/openapi.json")
            let file = Self.root.appending(path: "config/openapi.json")
            #expect(served.body == (try Data(contentsOf: file)))
            let validator = try tool("openapi-spec-validator", [file.path()])
            let exitCode = try await within(.seconds(60), "the validation") {
                while await validator.output.next() != nil {}
                return try await validator.exitCode()
            }
            #expect(exitCode == 0, "\(validator.output.text)")
            try await installation.stop(gateway.process)
        }

        @Test func theDoorDoesWhatItsDescriptionSays() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open(
                settings: [
                    "SANDMILL_GATEWAY_WAIT": "2s",
                    // It may drain the only worker, and then nothing runs.
                    "SANDMILL_GATEWAY_MAXIMUM_WAIT": "5s",
                    "SANDMILL_GATEWAY_STREAMS": "1000",
                ]
            )
            let schemathesis = try tool(
                "schemathesis",
                [
                    "--config-file", try client("schemathesis.toml"), "run",
                    gateway.url("/openapi.json"), "--exclude-path", "/execute/{id}/stream",
                    "--max-examples", "20", "--max-time", "45", "--request-timeout", "20",
                    "--no-color",
                ],
                environment: ["SCHEMATHESIS_HOOKS": try client("schemathesis_hooks.py")]
            )
            let exitCode = try await within(.seconds(180), "schemathesis") {
                while await schemathesis.output.next() != nil {}
                return try await schemathesis.exitCode()
            }
            #expect(exitCode == 0, "\(schemathesis.output.text)")
            try await installation.stop(gateway.process)
        }

        /// In an installation of its own: what the others have left may still run.
        @Test(.installationWithoutWorker) func prometheusReadsTheMetrics() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open()
            #expect(try await gateway.submit(["source": "print(1)"]).status == 200)
            // The end is counted once it is committed, so the client may know of it before.
            try await eventually(within: .seconds(30), "the end is counted") {
                let text = try await gateway.ask("/metrics").text
                return text.contains(#"state="succeeded",reason=""} 1\#n"#)
                    && text.contains("sandmill_demand_slots{pool=\"python\"} 0\n")
            }
            let answer = try await gateway.ask("/metrics")
            #expect(answer.fields["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            let reader = try tool("python", [try client("metrics_check.py")])
            try reader.write(answer.text)
            try reader.finishInput()
            let families = try await within(.seconds(30), "the metrics") {
                try await reader.answer()
            }
            #expect(families["sandmill_http_request_seconds"]["type"] == "histogram")
            let finished = families["sandmill_executions_finished_total"]["samples"].elements
            #expect(finished.first { $0["labels"]["state"] == "succeeded" }?["value"] == 1)
            for name in [
                "executions", "demand_slots", "sandboxes", "dead_letters", "outbox_messages",
                "workers", "store_up",
            ] {
                #expect(families["sandmill_\(name)"]["type"] == "gauge", "\(name)")
            }
            #expect(families["sandmill_demand_slots"]["samples"][0]["value"] == 0)
            #expect(families["sandmill_workers"]["samples"][0]["value"] == 1)
            try await installation.stop(gateway.process)
        }
    }
}
