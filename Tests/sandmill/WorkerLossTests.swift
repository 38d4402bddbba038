import Foundation
import Testing

extension SystemTests {
    /// A worker may end at any time, asked to or not; executions do not end with it.
    @Suite(.timeLimit(.minutes(2)))
    struct WorkerLossTests {
        private static let sleeper: JSON = ["source": "import time; time.sleep(2)\nprint('done')"]

        @Test(.installationWithoutWorker)
        func killedWorkersExecutionsAreTakenOverAndItsSandboxesVanish() async throws {
            let installation = try Installation.current
            let first = try await installation.startWorker("worker-a")
            var ids: [UUID] = []
            for _ in 1...4 { ids.append(try await installation.submit(Self.sleeper)) }
            try await installation.wait(forBusySandboxes: 2)
            try await installation.wait(for: 4, in: "running")

            let second = try await installation.startWorker("worker-b")
            first.kill()
            let takeover = try await eventually(within: .seconds(20), "another takes over") {
                let rows = try await installation.query(
                    "select 1 from executions where worker = 'worker-b'"
                )
                return !rows.isEmpty
            }
            #expect(takeover < .seconds(5))
            try await installation.waitUntilNoContainerIsLeft(of: "worker-a")
            for id in ids {
                let result = try await installation.events.finished(id)["data"]
                #expect(result["state"] == "succeeded")
                #expect(result["stdout"]["preview"] == "done\n")
                #expect(result["worker"] == "worker-b")
            }
            try await installation.expectOneEnd(of: ids, attempt: 2)
            let lost = try await installation.query(
                "select worker, reason from attempts where attempt = 1 and state = 'errored'"
            )
            #expect(
                lost == Array(repeating: ["worker": "worker-a", "reason": "worker_lost"], count: 4)
            )
            second.kill()
        }

        @Test(.installationWithoutWorker)
        func workerThatIsRestartedGoesOnWithWhatItLeft() async throws {
            let installation = try Installation.current
            let first = try await installation.startWorker("worker-a")
            let id = try await installation.submit(Self.sleeper)
            try await installation.wait(forBusySandboxes: 1)
            first.kill()
            _ = try await first.exitCode()
            let second = try await installation.startWorker("worker-a")
            let result = try await installation.events.finished(id)["data"]
            #expect(result["state"] == "succeeded")
            try await installation.expectOneEnd(of: [id], attempt: 2)
            second.kill()
        }

        @Test(.installationWithoutWorker)
        func workerThatIsToldToStopFinishesWhatItHasClaimed() async throws {
            let installation = try Installation.current
            let worker = try await installation.startWorker("worker-a")
            var ids: [UUID] = []
            for _ in 1...2 { ids.append(try await installation.submit(Self.sleeper)) }
            try await installation.wait(forBusySandboxes: 2)

            worker.send(SIGTERM)
            let exitCode = try await within(.seconds(20), "the worker's end") {
                try await worker.exitCode()
            }
            #expect(exitCode == 0, "\(worker.errors.text)")
            for id in ids {
                let record = try await installation.record(id)
                #expect(record["state"] == "succeeded")
                #expect(record["attempt"] == 1)
                #expect(record["result"]["stdout"]["preview"] == "done\n")
                _ = try await installation.events.finished(id)
            }
            #expect(try await installation.containers().isEmpty)
            #expect(try await installation.query("select 1 from outbox").isEmpty)
            #expect(try await installation.query("select 1 from workers").isEmpty)
            #expect(try await installation.query("select 1 from sandboxes").isEmpty)
        }

        @Test(.installation())
        func secondWorkerOfTheSameNameIsRefusedAndTheFirstGoesOn() async throws {
            let installation = try Installation.current
            let second = try await installation.run(["worker"])
            #expect(second.exitCode == 78)
            #expect(second.errors.contains("worker with this id is alive"))
            let result = try await installation.result(of: "print(1)")
            #expect(result["state"] == "succeeded")
        }

        @Test(.installation(["SANDMILL_POOLS_PYTHON_SANDBOXES_MAXIMUM": "1"]))
        func tenantsGetSandboxesOfTheirOwn() async throws {
            let installation = try Installation.current
            var sandboxes: Set<JSON> = []
            for tenant in ["acme", "acme", "umbrella"] {
                let id = try await installation.submit(
                    ["source": "print(1)"],
                    properties: ["headers": ["tenant": .string(tenant)]]
                )
                _ = try await installation.events.finished(id)
                let rows = try await installation.query(
                    "select sandbox from attempts where execution_id = %s::uuid",
                    .string(id.uuidString)
                )
                sandboxes.insert(rows[0]["sandbox"])
            }
            #expect(sandboxes.count == 2)
        }
    }
}
