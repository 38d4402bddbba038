import Foundation
import Testing

extension SystemTests {
    /// The HTTP gateway as clients use it.
    @Suite(.installationWithoutWorker, .timeLimit(.minutes(5)))
    struct GatewayTests {
        @Test func aProgramIsRunWhileTheClientWaits() async throws {
            let gateway = try await Installation.current.open()
            let answer = try await gateway.submit(["source": "print(6 * 7)"])
            #expect(answer.status == 200)
            let result = try answer.json
            #expect(result["state"] == "succeeded")
            #expect(result["stdout"]["preview"] == "42\n")
            let id = try #require(result["id"].string)
            #expect(answer.fields["location"] == "/execute/\(id)")
            let later = try await gateway.ask("/execute/\(id)/result")
            #expect(try later.json == result)
            let status = try await gateway.ask("/execute/\(id)/status").json
            #expect(status["state"] == "succeeded")
            try await Installation.current.stop(gateway.process)
        }

        @Test func noughtBytesOfABodyArriveAsTheyWereSent() async throws {
            let gateway = try await Installation.current.open()
            let source = JSON.string("import sys; print(repr(sys.stdin.read()))")
            let answer = try await gateway.submit(["source": source, "stdin": "a\u{0}b"])
            #expect(try answer.json["stdout"]["preview"] == "'a\\x00b'\n")
            try await Installation.current.stop(gateway.process)
        }

        @Test func theSameRequestRunsOnceAndAnotherWithItsIdIsAConflict() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open()
            let id = UUID().uuidString.lowercased()
            let key = "Idempotency-Key: \(id)"
            for _ in 0..<2 {
                let answer = try await gateway.submit(
                    ["source": "print(1)"],
                    to: "/execute/async?level=high",
                    "-H",
                    key
                )
                #expect(answer.status == 202)
                #expect(try answer.json == ["id": .string(id), "state": "queued"])
                #expect(answer.fields["location"] == "/execute/\(id)")
            }
            let waited = try await gateway.submit(["source": "print(1)"], "-H", key)
            #expect(waited.status == 200)
            #expect(try waited.json["attempt"] == 1)
            #expect(try waited.json["level"] == "high")
            let conflict = try await gateway.submit(["source": "print(2)"], "-H", key)
            #expect(conflict.status == 409)
            #expect(try conflict.json["type"] == "urn:sandmill:problem:id_conflict")
            try await installation.stop(gateway.process)
        }

        @Test func pastTheWaitItGoesOnWithoutTheClient() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open()
            let answer = try await gateway.submit(
                [
                    "source": "import time; time.sleep(8); print('done')",
                    "limits": ["wall_seconds": 60],
                ],
                to: "/execute/sync?wait=0.2"
            )
            #expect(answer.status == 202)
            let id = try #require(try answer.json["id"].string)
            let early = try await gateway.ask("/execute/\(id)/result")
            #expect(early.status == 409)
            #expect(try early.json["type"] == "urn:sandmill:problem:not_finished")
            let stream = try await gateway.ask("/execute/\(id)/stream", "-N")
            #expect(stream.fields["content-type"] == "text/event-stream")
            #expect(
                stream.text.contains("event: stdout\nid: 1:5:0\ndata: {\"text\":\"done\\n\"}\n\n")
            )
            let end = "event: end\nid: end\ndata: {\"state\":\"succeeded\"}\n\n"
            #expect(stream.text.hasSuffix(end))
            let rest = try await gateway.ask(
                "/execute/\(id)/stream",
                "-H",
                "Last-Event-ID: 1:5:0"
            )
            #expect(rest.text == end)
            let over = try await gateway.ask(
                "/execute/\(id)/stream",
                "-H",
                "Last-Event-ID: end"
            )
            #expect(over.status == 204)
            #expect(try await gateway.ask("/execute/\(id)/result").status == 200)
            try await installation.stop(gateway.process)
        }

        @Test func whatItLeftIsThereByteForByteAndInRanges() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open()
            let result = try await gateway.submit([
                "source": """
                import os
                os.makedirs('plots')
                open('plots/a é.bin', 'wb').write(bytes(range(256)) * 2000)
                open('n\\nl', 'w').write('x')
                open('q"t', 'w').write('x')
                print('0123456789', end='')
                """
            ]).json
            let id = try #require(result["id"].string)
            let path = "/execute/\(id)/files/plots/a%20%C3%A9.bin"
            let whole = try await gateway.ask(path)
            #expect(whole.body == Data((0..<512_000).map { UInt8(truncatingIfNeeded: $0) }))
            #expect(whole.fields["content-type"] == "application/octet-stream")
            #expect(whole.fields["x-content-type-options"] == "nosniff")
            let name = "attachment; filename*=UTF-8''a%20%C3%A9.bin"
            #expect(whole.fields["content-disposition"] == name)
            #expect(whole.fields["content-security-policy"] == "default-src 'none'; sandbox")
            let hash = result["files"].elements.first { $0["path"] == "plots/a é.bin" }?["sha256"]
            let tag = try #require(whole.fields["etag"])
            #expect(tag == "\"\(hash?.string ?? "")\"")

            let part = try await gateway.ask(path, "-r", "511999-600000")
            #expect(part.status == 206)
            #expect(part.body == Data([255]))
            #expect(part.fields["content-range"] == "bytes 511999-511999/512000")
            let outside = try await gateway.ask(path, "-r", "512000-")
            #expect(outside.status == 416)
            #expect(outside.fields["content-range"] == "bytes */512000")
            let other = try await gateway.ask(
                path,
                "-r",
                "0-1",
                "-H",
                "If-Range: \"other\""
            )
            #expect(other.status == 200)
            let same = try await gateway.ask(path, "-r", "0-1", "-H", "If-Range: \(tag)")
            #expect(same.status == 206)
            let known = try await gateway.ask(path, "-H", "If-None-Match: \(tag)")
            #expect(known.status == 304)
            #expect(known.body.isEmpty)
            let head = try await gateway.ask(path, "-I")
            #expect(head.fields["content-length"] == "512000")
            #expect(try await gateway.ask("/execute/\(id)/files/n%5Cx0al").text == "x")
            let quoted = try await gateway.ask("/execute/\(id)/files/q%22t")
            let escaped = "attachment; filename*=UTF-8''q%22t"
            #expect(quoted.fields["content-disposition"] == escaped)
            #expect(
                try await gateway.ask("/execute/\(id)/stdout", "-r", "-3").text == "789"
            )
            #expect(try await gateway.ask("/execute/\(id)/stderr").body.isEmpty)
            try await installation.stop(gateway.process)
        }

        @Test func filesOfCasesAreThereByTheirPlace() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open()
            let result = try await gateway.submit([
                "source": "n = input(); open('n.txt', 'w').write(n); print(n)",
                "cases": [["stdin": "one"], ["stdin": "two", "expected_stdout": "two"]],
            ]).json
            #expect(result["state"] == "succeeded")
            let id = try #require(result["id"].string)
            let path = "/execute/\(id)/files/cases"
            let file = try await gateway.ask("\(path)/1/files/n.txt")
            #expect(file.text == "two")
            let hash = result["cases"][1]["files"][0]["sha256"].string ?? ""
            #expect(file.fields["etag"] == "\"\(hash)\"")
            #expect(try await gateway.ask("\(path)/0/stdout").text == "one\n")
            let wrong = ["2/stdout", "00/stdout", "-1/stdout", "1/files/../stdout", "0/x"]
            for wrong in wrong {
                #expect(try await gateway.ask("\(path)/\(wrong)").status == 404, "\(wrong)")
            }
            try await installation.stop(gateway.process)
        }

        @Test func whatIsCancelledEnds() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open()
            let submitted = try await gateway.submit(
                ["source": "import time; time.sleep(60)", "limits": ["wall_seconds": 60]],
                to: "/execute/async"
            )
            let id = try #require(try submitted.json["id"].string)
            let execution = try #require(UUID(uuidString: id))
            try await installation.wait(for: execution, in: "running")
            let cancelled = try await gateway.ask("/execute/\(id)", "-X", "DELETE")
            #expect(cancelled.status == 202)
            #expect(try cancelled.json == ["id": .string(id), "state": "running"])
            try await installation.wait(for: execution, in: "cancelled")
            #expect(try await gateway.ask("/execute/\(id)", "-X", "DELETE").status == 200)

            let ended = try #require(
                try await gateway.submit(["source": "1"]).json["id"].string
            )
            let late = try await gateway.ask("/execute/\(ended)", "-X", "DELETE")
            #expect(late.status == 409)
            #expect(try late.json["type"] == "urn:sandmill:problem:already_ended")
            let unknown = try await gateway.ask("/execute/\(UUID())", "-X", "DELETE")
            #expect(unknown.status == 404)
            try await installation.stop(gateway.process)
        }

        @Test(arguments: ["application/json", "application/x-ndjson"])
        func aBatchIsRunAndItsResultsAreRead(type: String) async throws {
            let installation = try Installation.current
            let gateway = try await installation.open()
            let lines = (0..<150).map { "{\"source\": \"print(\($0))\"}" }
            let body =
                type == "application/json"
                ? "{\"executions\": [\(lines.joined(separator: ","))]}"
                : lines.joined(separator: "\n")
            let submitted = try await gateway.ask(
                "/batches?pool=python&level=low",
                ["-H", "Content-Type: \(type)", "--data-binary", body]
            )
            #expect(submitted.status == 202)
            let id = try #require(try submitted.json["id"].string)
            #expect(submitted.fields["location"] == "/batches/\(id)")
            #expect(try submitted.json["size"] == 150)
            try await eventually(within: .seconds(60), "the batch is completed") {
                try await gateway.ask("/batches/\(id)").json["state"] == "completed"
            }
            let status = try await gateway.ask("/batches/\(id)").json
            #expect(status["pending"] == 0)
            #expect(status["counts"]["succeeded"] == 150)
            let results = try await gateway.ask("/batches/\(id)/results")
            #expect(results.fields["content-type"] == "application/x-ndjson")
            let previews = try results.text.split(separator: "\n").map {
                try JSON(String($0))["stdout"]["preview"].string
            }
            #expect(Set(previews) == Set((0..<150).map { "\($0)\n" }))
            #expect(previews.count == 150)
            #expect(try await gateway.ask("/batches/\(id)", "-X", "DELETE").status == 200)
            try await installation.stop(gateway.process)
        }

        @Test(arguments: [
            ("{", "", 400), ("{\"source\": 1}", "/source", 400), ("[]", "", 400),
            ("{\"source\": \"1\", \"limits\": {\"cpu_seconds\": 0}}", "/limits/cpu_seconds", 400),
        ])
        func aRefusalNamesTheField(body: String, pointer: String, status: Int) async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway")
            let answer = try await gateway.ask(
                "/execute/async",
                ["-H", "Content-Type: application/json", "-d", body]
            )
            #expect(answer.status == status)
            #expect(answer.fields["content-type"] == "application/problem+json")
            #expect(try answer.json["pointer"] == .string(pointer))
            try await installation.stop(gateway.process)
        }

        @Test func whoWaitsIsToldWhereToLookWhenTheDoorCloses() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway")
            let id = UUID()
            async let waiting = gateway.submit(
                ["source": "print(1)"],
                to: "/execute/sync?wait=50",
                "-H",
                "Idempotency-Key: \(id)"
            )
            try await installation.wait(for: id, in: "queued")
            let clock = ContinuousClock()
            let start = clock.now
            try await installation.stop(gateway.process)
            let answer = try await waiting
            #expect(answer.status == 202)
            #expect(clock.now - start < .seconds(30))
        }

        @Test func requestsAreKeptWhileTheBrokerIsAway() async throws {
            let installation = try Installation.current
            let away = ["SANDMILL_BROKER_URL": "amqp://guest:guest@127.0.0.1:1/"]
            let gateway = try await installation.open("gateway", settings: away)
            let answer = try await gateway.submit(
                ["source": "print('kept')"],
                to: "/execute/async"
            )
            #expect(answer.status == 202)
            let ready = try await gateway.ask("/readyz")
            #expect(ready.status == 503)
            let checks = try ready.json["checks"].elements
            #expect(checks.first { $0["name"] == "broker" }?["status"] == "failed")
            #expect(checks.first { $0["name"] == "database" }?["status"] == "ok")
            #expect(try await gateway.ask("/livez").status == 200)
            let id = try #require(try answer.json["id"].string.flatMap(UUID.init(uuidString:)))
            try await installation.stop(gateway.process)
            let worker = try await installation.startWorker("worker-a")
            let event = try await installation.events.finished(id)
            #expect(event["data"]["stdout"]["preview"] == "kept\n")
            try await installation.stop(worker)
        }
    }
}
