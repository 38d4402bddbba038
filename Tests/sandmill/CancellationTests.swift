import Foundation
import Testing

extension SystemTests {
    /// Whatever is to end before its time ends once, wherever it is.
    @Suite(.installation(), .timeLimit(.minutes(5)))
    struct CancellationTests {
        private let sleeper: JSON = [
            "source": "import time; time.sleep(50)", "limits": ["wall_seconds": 60],
        ]

        /// What the command says of an execution.
        private func cancel(_ id: UUID) async throws -> String {
            let ended = try await Installation.current.run(["cancel", id.uuidString])
            return String(ended.output.first?.split(separator: " ").last ?? "")
        }

        @Test func aRunningOneIsKilledAndTheSandboxServesOn() async throws {
            let installation = try Installation.current
            let id = try await installation.submit(sleeper)
            try await installation.wait(forSandboxOf: id)
            #expect(try await cancel(id) == "running")
            let event = try await installation.events.finished(id)
            #expect(event["data"]["state"] == "cancelled")
            #expect(event["data"]["reason"] == .null)
            #expect(event["data"]["signal"] == 9)
            try await installation.expectOneEnd(of: [id])
            #expect(try await cancel(id) == "ended")
        }

        @Test func oneThatIsNotKnownYetEndsWhenItComes() async throws {
            let installation = try Installation.current
            let id = UUID()
            #expect(try await cancel(id) == "unknown")
            try await installation.submit(sleeper, id: id)
            let event = try await installation.events.finished(id)
            #expect(event["data"]["state"] == "cancelled")
            try await installation.expectOneEnd(of: [id], attempt: 0)
        }

        @Test func oneForLaterEndsBeforeItsTime() async throws {
            let installation = try Installation.current
            let id = try await installation.submit(
                ["source": "print(1)", "not_before": "2126-01-01T00:00:00Z"]
            )
            try await installation.wait(for: id, in: "queued")
            #expect(try await cancel(id) == "queued")
            let event = try await installation.events.finished(id)
            #expect(event["data"]["state"] == "cancelled")
            #expect(event["data"]["worker"] == .null)
            #expect(event["data"]["attempt"] == 0)
        }

        @Test func aRequestTakesThePlaceOfAnother() async throws {
            let installation = try Installation.current
            let old = try await installation.submit(sleeper)
            try await installation.wait(forSandboxOf: old)
            let new = try await installation.submit(
                [
                    "source": "print(2)",
                    "supersedes": .string(old.uuidString.lowercased()),
                ]
            )
            #expect(try await installation.events.finished(new)["data"]["state"] == "succeeded")
            let event = try await installation.events.finished(old)
            #expect(event["data"]["state"] == "cancelled")
            #expect(event["data"]["reason"] == "superseded")
            try await installation.expectOneEnd(of: [old, new])
        }

        @Test func aDeadlineThatPassesWhileItWaitsForItsTimeExpiresIt() async throws {
            let installation = try Installation.current
            let deadline = Date().addingTimeInterval(2).formatted(.iso8601)
            let id = try await installation.submit(
                [
                    "source": "print(1)", "not_before": "2126-01-01T00:00:00Z",
                    "deadline": .string(deadline),
                ]
            )
            let event = try await installation.events.finished(id)
            #expect(event["data"]["state"] == "expired")
            #expect(try await installation.record(id)["state"] == "expired")
        }

        @Test func aProgramThatFailsIsTriedAgainWhereItsRequestAsksForIt() async throws {
            let installation = try Installation.current
            let document = try await installation.result(
                of: "raise SystemExit(3)",
                ["retry": ["max": 2, "on": ["failed"]]]
            )
            #expect(document["state"] == "failed")
            #expect(document["attempt"] == 3)
            let id = try #require(document["id"].string)
            let attempts = try await installation.query(
                """
                select attempt, state, exit_code, results_path from attempts
                where execution_id = %s::uuid order by attempt
                """,
                .string(id)
            )
            #expect(attempts.map { $0["state"] } == ["failed", "failed", "failed"])
            for attempt in attempts {
                let path = try #require(attempt["results_path"].string)
                #expect(try installation.json("\(path)/result.json")["exit_code"] == 3)
            }
        }
    }

    /// Cancelling works with every worker down.
    @Suite(.installationWithoutWorker, .timeLimit(.minutes(5)))
    struct CancellationWithoutWorkersTests {
        @Test func whatIsInTheBrokerEndsAsSoonAsAWorkerComes() async throws {
            let installation = try Installation.current
            let id = try await installation.submit(["source": "print(1)"])
            let cancelled = try await installation.run(["cancel", id.uuidString])
            #expect(cancelled.exitCode == 0)
            let worker = try await installation.startWorker("worker-a")
            let event = try await installation.events.finished(id)
            #expect(event["data"]["state"] == "cancelled")
            try await installation.expectOneEnd(of: [id], attempt: 0)
            try await installation.stop(worker)
        }

        @Test func aGatewayEndsWhatShallNotStart() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway")
            let expiring = try await gateway.submit(
                ["source": "print(1)", "deadline": .string((Date.now + 1).formatted(.iso8601))],
                to: "/execute/async"
            )
            let cancelled = try await gateway.submit(
                ["source": "print(2)"],
                to: "/execute/async"
            )
            let ids = try [expiring, cancelled].map {
                try #require(UUID(uuidString: try $0.json["id"].string ?? ""))
            }
            let answer = try await gateway.ask("/execute/\(ids[1])", "-X", "DELETE")
            #expect(answer.status == 202)
            let expired = try await installation.events.finished(ids[0])
            #expect(expired["data"]["state"] == "expired")
            let ended = try await installation.events.finished(ids[1])
            #expect(ended["data"]["state"] == "cancelled")
            try await installation.stop(gateway.process)
        }
    }
}
