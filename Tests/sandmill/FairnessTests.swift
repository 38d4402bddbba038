import Foundation
import Testing

extension SystemTests {
    /// A busy tenant keeps nobody waiting, nor do many of a low level keep one of a high.
    @Suite(.installation(), .timeLimit(.minutes(5)))
    struct FairnessTests {
        private static let backlog = 600

        /// Publishes a batch in one message: the quickest way to a backlog.
        private func fill(_ tenant: String, level: String) async throws {
            let installation = try Installation.current
            let executions = (0..<Self.backlog).map { _ in JSON.object([:]) }
            let body: JSON = [
                "pool": "python", "level": .string(level),
                "defaults": ["source": "import time; time.sleep(0.02)"],
                "executions": .array(executions),
            ]
            try await installation.publish(
                try body.line,
                key: "batch",
                properties: [
                    "content_type": "application/json",
                    "message_id": .string(UUID().uuidString.lowercased()),
                    "headers": ["tenant": .string(tenant)],
                ]
            )
            try await eventually(within: .seconds(30), "the backlog runs") {
                try await !installation.query(
                    "select 1 from executions where finished_at is not null and tenant = %s",
                    .string(tenant)
                ).isEmpty
            }
        }

        /// How many of the backlog ended between a submission and its end.
        private func ended(before id: UUID) async throws -> Int {
            let installation = try Installation.current
            _ = try await installation.events.finished(id)
            let rows = try await installation.query(
                """
                select count(*) from executions, executions as one
                where one.id = %s::uuid and executions.id <> one.id
                    and executions.finished_at between one.submitted_at and one.finished_at
                """,
                .string(id.uuidString)
            )
            return Int(try #require(rows[0]["count"].double))
        }

        private func clear() async throws {
            let installation = try Installation.current
            for batch in try await installation.query("select id::text from batches") {
                let id = try #require(batch["id"].string)
                #expect(try await installation.run(["batch", "cancel", id]).exitCode == 0)
            }
            try await eventually(within: .seconds(30), "nothing is left") {
                try await installation.query(
                    "select 1 from executions where finished_at is null"
                ).isEmpty
            }
        }

        @Test func aTenantsFirstIsAFewExecutionsBehindAnothersBacklog() async throws {
            let installation = try Installation.current
            try await fill("large", level: "normal")
            let id = try await installation.submit(
                ["source": "print(1)"],
                properties: ["headers": ["tenant": "small"]]
            )
            #expect(try await ended(before: id) < 20)
            try await clear()
        }

        @Test func aHighOneIsNextBehindManyLowOnes() async throws {
            let installation = try Installation.current
            try await fill("default", level: "low")
            let id = try await installation.submit(["source": "print(1)"], level: "high")
            #expect(try await ended(before: id) < 20)
            try await clear()
        }

        @Test(.installationWithoutWorker)
        func theStoreBoundsWhatWaitsInItAndTheBrokerKeepsTheRest() async throws {
            let installation = try Installation.current
            let (window, prefetch, count) = (10, 5, 200)
            for _ in 0..<count {
                try await installation.submit(["source": "import time; time.sleep(0.05)"])
            }
            let worker = try await installation.startWorker(
                "worker-a",
                settings: [
                    "SANDMILL_WORKER_WINDOW": "\(window)", "SANDMILL_WORKER_WINDOW_SIZE": "1",
                    "SANDMILL_WORKER_CLAIM_AHEAD": "1",
                    "SANDMILL_BROKER_PREFETCH": "\(prefetch)",
                ]
            )
            try await eventually(within: .seconds(60), "all have ended") {
                let rows = try await installation.query(
                    """
                    select count(*) filter (where waits = 'store') as waiting,
                        count(*) filter (where finished_at is not null) as ended
                    from executions
                    """
                )
                // What the broker had delivered when the window filled goes there too, as it does when
                // a count of what waits there is late.
                let waiting = try #require(rows[0]["waiting"].double)
                #expect(Int(waiting) <= 3 * (window + prefetch))
                return rows[0]["ended"] == .number(Double(count))
            }
            try await installation.stop(worker)
        }
    }
}
