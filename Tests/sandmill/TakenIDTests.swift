import Foundation
import Testing

extension SystemTests {
    /// Who submits under an id that another tenant has runs all the same, and is told nothing of it.
    @Suite(.installation(), .timeLimit(.minutes(5)))
    struct TakenIDTests {
        @Test func everyWayInHasRoomForTheSameIDOfAnotherTenant() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway")
            let key = UUID().uuidString.lowercased()
            func submit(_ tenant: String, to path: String) async throws -> HTTPGateway.Answer {
                try await gateway.submit(
                    ["source": .string("print('\(tenant)')")],
                    to: path,
                    "-H",
                    "tenant: \(tenant)",
                    "-H",
                    "Idempotency-Key: \(key)"
                )
            }
            #expect(try await submit("first", to: "/execute/async").json["id"] == .string(key))
            let second = try await submit("second", to: "/execute/async")
            #expect(second.status == 202, "\(second.text)")
            let id = try #require(try second.json["id"].string)
            #expect(second.fields["location"] == "/execute/\(id)")
            let uuid = try #require(UUID(uuidString: id))
            let ended = try await installation.events.finished(uuid)["data"]
            #expect(ended["tenant"] == "second")
            #expect(ended["stdout"]["preview"] == "second\n")
            #expect(try await submit("second", to: "/execute/async").json["id"] == .string(id))
            #expect(
                try await gateway.ask("/execute/\(key)/status", "-H", "tenant: second")
                    .status == 404
            )
            let third = try await submit("third", to: "/execute/sync")
            #expect(third.status == 200, "\(third.text)")
            #expect(try third.json["stdout"]["preview"] == "third\n")

            try await installation.submit(
                ["source": "print('fourth')"],
                id: try #require(UUID(uuidString: key)),
                properties: ["headers": ["tenant": "fourth"]]
            )
            let fourth = try await installation.events.message { message in
                message.properties["correlation_id"] == .string(key)
                    && message.event["data"]["tenant"] == "fourth"
            }
            #expect(fourth.event["data"]["stdout"]["preview"] == "fourth\n")
            #expect(try await installation.query("select 1 from dead_letters").isEmpty)
            #expect(
                try await installation.record(try #require(UUID(uuidString: key)))["tenant"]
                    == "first"
            )
            try await installation.stop(gateway.process)
        }

        @Test func everyWayInHasRoomForTheSameBatchOfAnotherTenant() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway")
            let key = UUID().uuidString.lowercased()
            let batch: JSON = ["executions": [["source": "print(1)"], ["source": "print(2)"]]]
            var ids: Set<String> = []
            for tenant in ["first", "second"] {
                let answer = try await gateway.submit(
                    batch,
                    to: "/batches",
                    "-H",
                    "tenant: \(tenant)",
                    "-H",
                    "Idempotency-Key: \(key)"
                )
                #expect(answer.status == 202, "\(answer.text)")
                let id = try #require(try answer.json["id"].string)
                ids.insert(id)
                let uuid = try #require(UUID(uuidString: id))
                let ended = try await installation.events.finished(uuid)["data"]
                #expect(ended["tenant"] == .string(tenant))
                #expect(ended["counts"]["succeeded"] == 2)
            }
            #expect(ids.count == 2 && ids.contains(key))
            try await installation.publish(
                try batch.line,
                key: "batch",
                properties: ["message_id": .string(key), "headers": ["tenant": "third"]]
            )
            let third = try await installation.events.message { message in
                message.event["type"] == "dev.sandmill.batch.completed.v1"
                    && message.event["data"]["tenant"] == "third"
            }
            #expect(third.event["data"]["counts"]["succeeded"] == 2)
            try await installation.stop(gateway.process)
        }

        @Test func nobodyKeepsABatchOfTheCommandLineFromRunningByTakingItsID() async throws {
            let installation = try Installation.current
            let programs = installation.directory.appending(path: "programs")
            try FileManager.default.createDirectory(
                at: programs,
                withIntermediateDirectories: true
            )
            try "print(1)".write(
                to: programs.appending(path: "a.py"),
                atomically: true,
                encoding: .utf8
            )
            let submit = ["batch", "submit", programs.path(), "--tenant", "victim"]
            let known = try await installation.run(submit)
            let id = try #require(known.output.first.flatMap { UUID(uuidString: $0) })
            _ = try await installation.events.finished(id)
            // Its member has the same id again.
            try await installation.query("delete from attempts")
            try await installation.query("delete from executions where tenant = 'victim'")
            try await installation.query("delete from batches where tenant = 'victim'")
            try await installation.publish(
                #"{"pool": "python", "executions": [{"source": "print('taken')"}]}"#,
                key: "batch",
                properties: [
                    "message_id": .string(id.uuidString.lowercased()),
                    "headers": ["tenant": "attacker"],
                ]
            )
            try await eventually(within: .seconds(20), "the id is taken") {
                try await !installation.query(
                    "select 1 from batches where tenant = 'attacker' and pending = 0"
                ).isEmpty
            }
            var ids: Set<String> = []
            for _ in 0..<2 {
                let again = try await installation.run(submit + ["--wait"])
                #expect(again.exitCode == 0, "\(again.errors)")
                let document = try JSON(try #require(again.output.first))
                #expect(document["stdout"]["preview"] == "1\n")
                ids.insert(try #require(document["batch_id"].string))
            }
            #expect(ids.count == 1 && !ids.contains(id.uuidString.lowercased()))
        }
    }
}
