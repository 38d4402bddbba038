import Foundation
import Testing

extension SystemTests {
    /// Executions run again, and things done to many, over HTTP and on the command line.
    @Suite(.timeLimit(.minutes(5)))
    struct RerunTests {
        private static let flaky = """
            import sys
            sys.exit(3)
            """

        private func header(_ token: String) -> [String] {
            ["-H", "Authorization: Bearer \(token)"]
        }

        @Test(.installation()) func anExecutionIsRunAgainUnderAnotherId() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway")
            let batch = UUID()
            let first = try await installation.submit([
                "source": .string(Self.flaky), "labels": ["student": "s-1"],
                "batch": ["id": .string(batch.uuidString.lowercased()), "size": 2],
            ])
            _ = try await installation.events.finished(first)
            let path = "/execute/\(first.uuidString.lowercased())/rerun"
            let key = UUID().uuidString.lowercased()
            for _ in 0..<2 {
                let answer = try await gateway.ask(
                    path,
                    "-X",
                    "POST",
                    "-H",
                    "Idempotency-Key: \(key)"
                )
                #expect(answer.status == 202, "\(answer.text)")
                #expect(try answer.json["id"].string == key)
                #expect(answer.fields["location"] == "/execute/\(key)")
            }
            let id = try #require(UUID(uuidString: key))
            let document = try await installation.events.finished(id)["data"]
            #expect(document["rerun_of"].string == first.uuidString.lowercased())
            #expect(document["batch_id"] == .null)
            #expect(document["labels"] == ["student": "s-1"])
            #expect(document["exit_code"] == 3)
            let status = try await gateway.ask("/execute/\(key)")
            #expect(try status.json["rerun_of"].string == first.uuidString.lowercased())
            let unknown = try await gateway.ask("/execute/\(UUID())/rerun", "-X", "POST")
            #expect(unknown.status == 404)
            // On the command line, of the rerun.
            let ended = try await installation.run(["rerun", key])
            #expect(ended.exitCode == 0, "\(ended.errors)")
            let words = try #require(ended.output.first).split(separator: " ")
            let again = try #require(words.last.flatMap { UUID(uuidString: String($0)) })
            let last = try await installation.events.finished(again)["data"]
            #expect(last["rerun_of"].string == key)
            try await installation.stop(gateway.process)
        }

        @Test(.installationWithoutWorker) func whatHasNotEndedIsNotRerun() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway")
            let queued = try await gateway.submit(["source": "1"], to: "/execute/async")
            let id = try #require(try queued.json["id"].string)
            let early = try await gateway.ask("/execute/\(id)/rerun", "-X", "POST")
            #expect(early.status == 409)
            #expect(try early.json["type"] == "urn:sandmill:problem:not_finished")
            // A cancelled one can be rerun; an older version dropped its request.
            #expect(try await gateway.ask("/execute/\(id)", "-X", "DELETE").status == 202)
            let uuid = try #require(UUID(uuidString: id))
            try await installation.wait(for: uuid, in: "cancelled")
            #expect(try await gateway.ask("/execute/\(id)/rerun", "-X", "POST").status == 202)
            try await installation.query("update executions set request_body = null")
            #expect(try await gateway.ask("/execute/\(id)/rerun", "-X", "POST").status == 410)
            try await installation.stop(gateway.process)
        }

        @Test(.installationWithoutWorker) func whatTwoBatchesHaveRunsOnceAndIsShownInBoth()
            async throws
        {
            let installation = try Installation.current
            let directory = installation.directory.appending(path: "both").path()
            let submit = ["batch", "submit", directory]
            try installation.file("both/anna.py", "import random; print(random.random())")
            try installation.file("both/bert.py", "exit(1)")
            // Nobody has taken the first in when the second, of which one program has changed, is sent.
            let first = try await installation.run(submit)
            try installation.file("both/bert.py", "print('better')")
            let second = try await installation.run(submit)
            #expect(first.exitCode == 0 && second.exitCode == 0)
            try #require(first.output != second.output)
            let worker = try await installation.startWorker("worker-a")
            for (batch, code) in [(first.output[0], 1), (second.output[0], 0)] {
                let ended = try await installation.run(["batch", "wait", batch, "--timeout", "60"])
                #expect(ended.exitCode == Int32(code), "\(ended.errors)")
                let names = try ended.output.map { try JSON($0)["labels"]["program"].string }
                #expect(Set(names) == ["anna", "bert"] && names.count == 2)
            }
            let anna = "select id from executions where labels->>'program' = 'anna'"
            #expect(try await installation.query(anna).count == 1)
            let letters = try await installation.run(["dead", "list", "--json"])
            #expect(letters.output.isEmpty, "\(letters.output)")
            let status = try await installation.run(["batch", "status", second.output[0]])
            #expect(
                status.output.contains { $0.hasPrefix("of them in other batches") },
                "\(status)"
            )
            try await installation.stop(worker)
        }

        @Test(.installation()) func allThatMatchAreRerunAndThenDeleted() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway")
            for number in 0..<6 {
                let answer = try await gateway.submit([
                    "source": .string(number < 4 ? Self.flaky : "1"), "labels": ["course": "c"],
                ])
                #expect(answer.status == 200)
            }
            let dry = try await installation.run(
                ["rerun", "--state", "failed", "--label", "course=c", "--dry-run"]
            )
            #expect(dry.output == ["would rerun 4 of them"])
            let bulk = try await gateway.submit(
                [
                    "on": "executions", "filter": ["state": "failed", "label.course": ["c"]],
                    "action": "rerun",
                ],
                to: "/bulk-actions"
            )
            #expect(bulk.status == 202, "\(bulk.text)")
            #expect(try bulk.json["matching"] == 4)
            let place = try #require(bulk.fields["location"])
            try await eventually(within: .seconds(30), "it is done") {
                try await gateway.ask(place).json["state"] == "completed"
            }
            let action = try await gateway.ask(place).json
            #expect(action["done"] == 4)
            #expect(action["failed"] == 0)
            #expect(action["who"] == "somebody on this machine")
            try await installation.wait(for: 8, in: "failed")
            // Which were there before are still there.
            let listed = try await installation.run(
                ["list", "--state", "failed", "--label", "course=c", "--json"]
            )
            #expect(listed.output.count == 8)
            #expect(try listed.output.filter { try JSON($0)["rerun_of"] != .null }.count == 4)
            let table = try await installation.run(["list", "--all"])
            #expect(table.output.count == 11)
            #expect(table.output.allSatisfy { $0.count <= 80 })
            let csv = try await installation.run(["list", "--csv", "--state", "succeeded"])
            #expect(csv.output.count == 3)
            // Deleted, with their files.
            let one = try JSON(try #require(listed.output.last))["id"].string ?? ""
            let result = try await gateway.ask("/execute/\(one)/result").json
            let directory = try #require(result["results_path"].string)
            #expect(try !installation.bytes("\(directory)/result.json").isEmpty)
            let deleted = try await installation.run(["delete", "--state", "failed"])
            #expect(deleted.exitCode == 0, "\(deleted.errors)")
            #expect(deleted.output.last == "done to 8, not to 0")
            for path in ["", "/status", "/result", "/stdout"] {
                let gone = try await gateway.ask("/execute/\(one)\(path)")
                #expect(gone.status == 410, "\(path)")
                #expect(try gone.json["detail"].string?.contains("deleted by") == true)
            }
            #expect(throws: (any Error).self) { try installation.bytes("\(directory)/result.json") }
            let acts = try await gateway.ask("/audit").json["acts"].elements
            #expect(acts.map { $0["action"] } == ["delete", "rerun"])
            #expect(acts.map { $0["count"] } == [8, 4])
            let audit = try await installation.run(["audit", "--json"])
            #expect(audit.output.count == 2)
            try await installation.stop(gateway.process)
        }

        @Test(.installationWithoutWorker) func aBulkActionNeedsItsRoleAndAValidOrder() async throws
        {
            let installation = try Installation.current
            let reader = try await installation.token("--tenant", "acme", "--role", "read")
            let submitter = try await installation.token("--tenant", "acme")
            let operate = try await installation.token("--role", "operate")
            let tokens = try await installation.run(["token", "list", "--json"])
            #expect(
                try tokens.output.map { try JSON($0)["role"] } == ["read", "submit", "operate"]
            )
            let gateway = try await installation.open(
                "gateway",
                settings: ["SANDMILL_GATEWAY_LISTEN": "0.0.0.0:0"]
            )
            func order(_ body: String, _ token: String) async throws -> HTTPGateway.Answer {
                try await gateway.ask(
                    "/bulk-actions",
                    ["-H", "Content-Type: application/json", "-d", body] + header(token)
                )
            }
            let cancel = #"{"on": "executions", "filter": {}, "action": "cancel", "dry_run": true}"#
            let delete = #"{"on": "executions", "filter": {}, "action": "delete"}"#
            let purge = #"{"on": "dead_letters", "filter": {}, "action": "purge"}"#
            #expect(try await order(cancel, reader).status == 403)
            let counted = try await order(cancel, submitter)
            #expect(counted.status == 200)
            #expect(try counted.json == ["id": .null, "matching": 0])
            #expect(try await order(delete, submitter).status == 403)
            #expect(try await order(purge, submitter).status == 403)
            let begun = try await order(purge, operate)
            #expect(begun.status == 202)
            let place = try #require(begun.fields["location"])
            #expect(try await gateway.ask(place, header(operate)).status == 200)
            #expect(try await gateway.ask(place, header(submitter)).status == 404)
            #expect(try await gateway.ask("/audit", header(submitter)).status == 403)
            #expect(try await gateway.ask("/audit", header(operate)).status == 200)
            for (body, pointer) in [
                (#"{"on": "workers", "filter": {}, "action": "cancel"}"#, "/on"),
                (#"{"on": "executions", "action": "cancel"}"#, "/filter"),
                (#"{"on": "executions", "filter": {}, "action": "stop"}"#, "/action"),
                (#"{"on": "executions", "filter": {}, "action": "cancel", "x/y": 1}"#, "/x~1y"),
            ] {
                let answer = try await order(body, operate)
                #expect(answer.status == 400, "\(body)")
                #expect(try answer.json["pointer"].string == pointer, "\(body)")
            }
            let unknown = #"{"on": "executions", "filter": {"stat": "x"}, "action": "cancel"}"#
            #expect(
                try await order(unknown, operate).json["detail"].string?.contains("stat") == true
            )
            try await installation.stop(gateway.process)
        }

        @Test(.installationWithoutWorker) func aSelectionSaysWhatItMeans() async throws {
            let installation = try Installation.current
            for arguments in [
                ["rerun"], ["cancel"], ["delete"], ["rerun", "--all", "--state", "failed"],
                ["rerun", "\(UUID())", "--state", "failed"], ["rerun", "--state", "lost"],
                ["list", "--label", "x"], ["list", "--since", "1w"], ["list", "--json", "--csv"],
                ["batch", "list", "--state", "lost"],
            ] {
                #expect(try await installation.run(arguments).exitCode == 64, "\(arguments)")
            }
            #expect(try await installation.run(["batch", "list"]).exitCode == 0)
            #expect(try await installation.run(["rerun", "\(UUID())"]).exitCode == 65)
        }
    }
}
