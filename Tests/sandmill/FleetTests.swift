import Foundation
import Glibc
import Testing

extension SystemTests {
    /// What operators and scalers see of workers, pools and queues, and how a worker is drained.
    @Suite(.installationWithoutWorker, .timeLimit(.minutes(5)))
    struct FleetTests {
        private static let sleeper: JSON = [
            "source": "import time; time.sleep(4); print('done')",
            "limits": ["wall_seconds": 60],
        ]

        @Test func aDrainedWorkerFinishesAndTakesNothingMore() async throws {
            let installation = try Installation.current
            let worker = try await installation.startWorker("worker-a")
            let gateway = try await installation.open("gateway")
            let running = try await installation.submit(Self.sleeper)
            try await installation.wait(for: running, in: "running")

            let answer = try await gateway.ask("/workers/worker-a/drain", "-X", "POST")
            #expect(answer.status == 202)
            #expect(try answer.json["state"] == "draining")
            try await within(.seconds(20), "the worker's word") {
                try await worker.errors.skip(to: "takes nothing more")
            }
            let left = try await installation.submit(["source": "print('later')"])
            #expect(try await installation.events.finished(running)["data"]["state"] == "succeeded")
            try await within(.seconds(30), "the worker's word") {
                try await worker.errors.skip(to: "The worker is drained")
            }
            let drained = try await gateway.ask("/workers").json["workers"][0]
            #expect(drained["state"] == "drained")
            #expect(drained["running"] == 0 && drained["claimed"] == 0)
            #expect(drained["drained_at"].string != nil)
            #expect(drained["slots"] == ["python": 3])
            #expect(drained["runtimes"] == ["python": ["python"]])
            #expect(try await gateway.ask("/pools").json["pools"][0]["runtimes"] == ["python"])
            // Nobody has claimed what came since, which a scaler has to see.
            #expect(try await installation.record(left) == .null)
            try await eventually(within: .seconds(20), "it waits in the broker") {
                let scaler = try await gateway.ask("/scaler/python").json
                return scaler["demand"] == 1 && scaler["waiting"] == 1 && scaler["running"] == 0
                    && scaler["slots"] == 0 && scaler["broker_ready"] == 1
            }

            // A process that dies leaves the wish to its successor.
            worker.kill()
            _ = try await worker.exitCode()
            let successor = try installation.start(["worker"])
            try await within(.seconds(60), "the successor's word") {
                try await successor.errors.skip(to: "takes nothing more")
            }
            let undone = try await gateway.ask("/workers/worker-a/drain", "-X", "DELETE")
            #expect(undone.status == 200)
            #expect(try undone.json["draining_since"] == .null)
            let acts = try await gateway.ask("/audit").json["acts"].elements
            #expect(acts.prefix(2).map { $0["action"] } == ["undrain", "drain"])
            #expect(acts.prefix(2).map { $0["subject"] } == ["worker-a", "worker-a"])
            let event = try await installation.events.finished(left)
            #expect(event["data"]["stdout"]["preview"] == "later\n")
            try await installation.stop(gateway.process)
            try await installation.stop(successor)
        }

        @Test func whatIsClaimedAndHasNotBegunWaits() async throws {
            let installation = try Installation.current
            let worker = try await installation.startWorker("worker-a")
            let gateway = try await installation.open("gateway")
            for _ in 0..<5 {
                try await installation.submit([
                    "source": "import time; time.sleep(50)", "limits": ["wall_seconds": 60],
                ])
            }
            // The last slot is kept for others; the worker holds what it cannot run.
            try await eventually(within: .seconds(30), "two run and three are held") {
                let pool = try await gateway.ask("/pools").json["pools"][0]
                return pool["running"] == 2 && pool["waiting"] == 3 && pool["claimed"] == 3
            }
            let scaler = try await gateway.ask("/scaler/python").json
            #expect(scaler["demand"] == 5 && scaler["running"] == 2 && scaler["waiting"] == 3)
            // What it tells may have been read before the pools were.
            try await eventually(within: .seconds(30), "the worker tells the same") {
                let record = try await gateway.ask("/workers").json["workers"][0]
                return record["running"] == 2 && record["claimed"] == 3
            }
            let listed = try await gateway.ask("/executions?state=queued").json["executions"]
            #expect(listed.elements.count == 3)
            let metrics = try await gateway.ask("/metrics").text
            let of = #"pool="python",level="normal""#
            for line in [
                #"sandmill_executions{\#(of),state="running"} 2"#,
                #"sandmill_executions{\#(of),state="queued"} 3"#,
                #"sandmill_claimed_executions{\#(of)} 3"#,
                #"sandmill_demand_slots{pool="python"} 5"#,
            ] {
                #expect(metrics.contains("\n\(line)\n"), "\(line)")
            }
            let cancelled = try await installation.run([
                "cancel", "--state", "queued", "--state", "running",
            ])
            #expect(cancelled.exitCode == 0, "\(cancelled.errors)")
            try await eventually(within: .seconds(60), "nothing is left") {
                try await gateway.ask("/scaler/python").json["demand"] == 0
            }
            try await installation.stop(gateway.process)
            try await installation.stop(worker)
        }

        @Test func theCommandWaitsUntilTheWorkerIsEmpty() async throws {
            let installation = try Installation.current
            let worker = try await installation.startWorker("worker-a")
            let running = try await installation.submit(Self.sleeper)
            try await installation.wait(for: running, in: "running")
            let drain = try await installation.run(["workers", "drain", "worker-a"])
            #expect(drain.exitCode == 0, "\(drain.errors)")
            #expect(drain.output == ["worker-a  drained"])
            #expect(try await installation.record(running)["state"] == "succeeded")
            let list = try await installation.run(["workers", "list", "--json"])
            let workers = try JSON(try #require(list.output.first))["workers"]
            #expect(workers[0]["state"] == "drained")
            let table = try await installation.run(["workers", "list"])
            #expect(table.output[1].hasPrefix("worker-a  drained  "))
            let undo = try await installation.run(["workers", "drain", "worker-a", "--undo"])
            #expect(undo.output == ["worker-a  active"])
            let audit = try await installation.run(["audit", "--json"])
            let acts = try audit.output.prefix(2).map { try JSON($0)["action"] }
            #expect(acts == ["undrain", "drain"])
            #expect(try await installation.result(of: "print(1)")["state"] == "succeeded")
            let nobody = try await installation.run(["workers", "drain", "nobody"])
            #expect(nobody.exitCode == 65)
            try await installation.stop(worker)
        }

        @Test func listsTellWhatWaitsWhere() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway")
            for tenant in ["alice", "alice", "bob"] {
                try await installation.submit(
                    ["source": "1"],
                    level: "low",
                    properties: ["headers": ["tenant": .string(tenant)]]
                )
            }
            for _ in 0..<2 {
                let taken = try await gateway.submit(
                    ["source": "1"],
                    to: "/execute/async?level=low"
                )
                #expect(taken.status == 202)
            }
            // Those that came by HTTP are rows and messages, and count once.
            try await eventually(within: .seconds(20), "all are in the broker") {
                let scaler = try await gateway.ask("/scaler/python").json
                return scaler["broker_ready"] == 5 && scaler["demand"] == 5
            }
            let pool = try await gateway.ask("/pools").json["pools"][0]
            #expect(pool["name"] == "python")
            #expect(pool["demand"] == 5)
            #expect(pool["workers"] == 0)
            let queues = try await gateway.ask("/queues").json["queues"].elements
            let low = try #require(queues.first { $0["level"] == "low" })
            #expect(low["name"] == .string("\(installation.name).work.python.low"))
            #expect(low["broker"] == ["ready": 5, "unacknowledged": 0, "consumers": 0])
            #expect(low["store"] == ["waiting": 0, "oldest_waiting_seconds": nil, "tenants": []])
            #expect(queues.count == 6)
            try await installation.query("update executions set waits = 'store'")
            let waiting = try await installation.run(["queues", "--csv"])
            let rows = waiting.output.map { $0.replacing("\r", with: "") }
            #expect(rows[0].hasPrefix("\"name\",\"pool\",\"level\",\"ready\""))
            #expect(rows.contains { $0.contains("\"low\",,,,\"default\",2,") })

            for path in ["/workers", "/pools", "/queues"] {
                let csv = try await gateway.ask(path, "-H", "Accept: text/csv")
                #expect(csv.fields["content-type"]?.hasPrefix("text/csv") == true)
                #expect(csv.text.hasSuffix("\r\n"))
                let wrong = try await gateway.ask("\(path)?colour=red")
                #expect(wrong.status == 400)
                #expect(try wrong.json["detail"] == "there is no parameter colour")
            }
            #expect(try await gateway.ask("/scaler/none").status == 404)
            #expect(try await gateway.ask("/workers/none/drain", "-X", "POST").status == 404)
            try await installation.stop(gateway.process)
        }
    }
}
