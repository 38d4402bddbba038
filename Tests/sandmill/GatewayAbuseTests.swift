import Foundation
import Testing

extension SystemTests {
    /// What clients should not do to the HTTP gateway, and do.
    @Suite(.installationWithoutWorker, .timeLimit(.minutes(5)))
    struct GatewayAbuseTests {
        private static let hasty = [
            "SANDMILL_GATEWAY_IDLE_TIMEOUT": "2s", "SANDMILL_GATEWAY_TRANSFER_TIMEOUT": "2s",
            "SANDMILL_BROKER_MAXIMUM_BODY": "1MiB",
        ]

        @Test func pathsLeadNowhere() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open()
            let result = try await gateway.submit(["source": "open('a', 'w').write('b')"])
                .json
            let id = try #require(result["id"].string)
            let paths = [
                "/execute/../../etc/passwd/result", "/execute/%2e%2e/%2e%2e/etc/passwd/result",
                "/execute/..%2f..%2fetc%2fpasswd/result",
                "/execute/\(id)/files/../../../etc/passwd",
                "/execute/\(id)/files/%2e%2e/%2e%2e/result.json",
                "/execute/\(id)/files/..%2fstdout",
                "/execute/\(id)/files/%2fetc%2fpasswd", "/execute/\(id)/files/a%00",
                "/execute/\(id)/files/", "/execute/\(id)/files/.", "/execute/\(id)'--/result",
                "/execute/\(id)%27%20or%201=1/result", "/execute/%00/result",
                "/execute/\(id)%00/result", "/execute/\(id)x/result",
                "/batches/\(id)", "/batches/\(id)/results", "//etc/passwd", "/execute", "/%",
                "/execute/\(id)/files/%zz", "/execute/\(id)/files/%FF",
            ]
            for path in paths {
                let answer = try await gateway.ask(path)
                #expect(answer.status == 404 || answer.status == 400, "\(path)")
                #expect(answer.fields["content-type"] == "application/problem+json", "\(path)")
                #expect(!answer.text.contains(installation.directory.path()), "\(path)")
                #expect(!answer.text.contains("root:"), "\(path)")
            }
            #expect(try await gateway.ask("/execute/\(id)/files/a").text == "b")
            try await installation.stop(gateway.process)
        }

        @Test func anothersIdIsAsUnknownAsAnUnknownOne() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open()
            let mine = ["-H", "tenant: acme"]
            let submitted = try await gateway.submit(
                ["source": "print(1)"],
                "-H",
                "tenant: acme"
            )
            let id = try #require(try submitted.json["id"].string)
            #expect(try submitted.json["tenant"] == "acme")
            let unknown = UUID().uuidString.lowercased()
            for part in ["status", "result", "stdout", "stderr", "stream", "files/a"] {
                let other = try await gateway.ask("/execute/\(id)/\(part)")
                let none = try await gateway.ask("/execute/\(unknown)/\(part)")
                #expect(other.status == 404, "\(part)")
                #expect(other.text == none.text, "\(part)")
                if part != "files/a" {
                    #expect(
                        try await gateway.ask("/execute/\(id)/\(part)", mine).status == 200
                    )
                }
            }
            let other = try await gateway.ask("/execute/\(id)", "-X", "DELETE")
            #expect(other.status == 404)
            let uuid = try #require(UUID(uuidString: id))
            #expect(try await installation.record(uuid)["state"] == "succeeded")
            try await installation.stop(gateway.process)
        }

        @Test(arguments: [
            ("huge_head", 431), ("many_fields", 431), ("long_line", 431), ("no_http", 400),
            ("nul_in_path", 400), ("bad_chunk", 400), ("smuggled", 400), ("negative_body", 400),
            ("announced_body", 413), ("endless_body", 413), ("slow_body", 408),
        ])
        func whatIsTooMuchGetsAProblem(abuse: String, status: Int) async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway", settings: Self.hasty)
            let answer = try await gateway.abuse(abuse)
            #expect(answer["status"] == .number(Double(status)))
            #expect(answer["fields"]["content-type"] == "application/problem+json")
            let document = try JSON(answer["body"].string ?? "")
            #expect(document["status"] == .number(Double(status)))
            #expect(try #require(answer["seconds"].double) < 15)
            #expect(try await gateway.ask("/livez").status == 200)
            try await installation.stop(gateway.process)
        }

        @Test(arguments: ["silent", "slow_head"])
        func whoSaysNothingInTimeIsPutOut(abuse: String) async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway", settings: Self.hasty)
            let seconds = try #require(try await gateway.abuse(abuse)["seconds"].double)
            #expect((1.5...15).contains(seconds))
            try await installation.stop(gateway.process)
        }

        @Test func whatIsHTTPIsAnswered() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway")
            #expect(try await gateway.abuse("pipeline")["answers"] == 2)
            let invited = try await gateway.abuse("expectation")
            #expect(invited["first"].string?.hasPrefix("HTTP/1.1 100 ") == true)
            #expect(invited["status"] == 202)
            try await installation.stop(gateway.process)
        }

        @Test func whoSpeaksHTTP10GetsWholeAnswersOnConnectionsThatEnd() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open()
            let ended = try await gateway.submit(["source": "print('done')"])
            let id = try #require(try ended.json["id"].string)
            for path in ["/livez", "/execute/\(id)/stream"] {
                let answer = try await gateway.abuse("old", path)
                #expect(answer["status"] == 200)
                #expect(answer["fields"]["connection"] == "close")
                #expect(answer["fields"]["transfer-encoding"] == .null)
                let body = try #require(answer["body"].string)
                #expect(
                    body.hasPrefix(path == "/livez" ? "{" : "id: ") || body.hasPrefix("event: ")
                )
                #expect(try #require(answer["seconds"].double) < 15)
            }
            try await installation.stop(gateway.process)
        }

        @Test func tenThousandWhoSayNothingHurtNobody() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open(
                "gateway",
                settings: ["SANDMILL_GATEWAY_IDLE_TIMEOUT": "15s"]
            )
            let answer = try await gateway.abuse("idle", "10000", "40")
            #expect(answer["status"] == 200)
            // Well before the others are put out.
            #expect(try #require(answer["seconds"].double) < 10)
            #expect(answer["closed"] == 10_000)
            #expect(try await gateway.ask("/livez").status == 200)
            try await installation.stop(gateway.process)
        }

        @Test func thereAreOnlySoManyOfEach() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open(
                "gateway",
                settings: [
                    "SANDMILL_GATEWAY_STREAMS": "1", "SANDMILL_GATEWAY_WAITS": "1",
                ]
            )
            let id = try #require(
                try await gateway.submit(["source": "1"], to: "/execute/async").json["id"]
                    .string
            )
            let stream = try Program(
                URL(filePath: "/usr/bin/curl"),
                ["-sSN", "-D", "-", gateway.url("/execute/\(id)/stream")],
                in: .temporaryDirectory
            )
            try await within(.seconds(20), "the head of the stream") {
                try await stream.output.skip(to: "text/event-stream")
            }
            let second = try await gateway.ask("/execute/\(id)/stream")
            #expect(second.status == 503)
            #expect(try second.json["type"] == "urn:sandmill:problem:overloaded")
            #expect(second.fields["retry-after"] != nil)

            let first = UUID()
            async let waiting = gateway.submit(
                ["source": "2"],
                to: "/execute/sync?wait=50",
                "-H",
                "Idempotency-Key: \(first.uuidString.lowercased())"
            )
            // It has its place before it is kept. Other tests leave executions here too.
            try await eventually(within: .seconds(15), "the first is kept") {
                try await installation.record(first) != .null
            }
            let refused = try await gateway.submit(
                ["source": "3"],
                to: "/execute/sync?wait=50"
            )
            #expect(refused.status == 503)

            // A client that is gone leaves its place at once.
            stream.kill()
            let release = try await eventually(within: .seconds(30), "the place is free") {
                let next = try Program(
                    URL(filePath: "/usr/bin/curl"),
                    ["-sSN", "-D", "-", gateway.url("/execute/\(id)/stream")],
                    in: .temporaryDirectory
                )
                return await next.output.next()?.contains(" 200 ") == true
            }
            if release > .seconds(8) {
                // A stream's heartbeat would show it too; a machine with other work may be as slow.
                Issue.record("the place was free after \(release)", severity: .warning)
            }
            try await installation.stop(gateway.process)
            #expect(try await waiting.status == 202)
        }

        @Test func whoHoldsAllGivesWayToOthers() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open(
                "gateway",
                settings: [
                    "SANDMILL_GATEWAY_STREAMS": "2", "SANDMILL_GATEWAY_WAITS": "2",
                    "SANDMILL_BROKER_MAXIMUM_BODY": "4KiB",
                ]
            )
            // Nobody runs them.
            let many = [UUID(), UUID()]
            var waits: [Program] = []
            for id in many {
                waits.append(try gateway.wait(for: id, as: "many"))
                try await eventually(within: .seconds(15), "it is kept") {
                    try await installation.record(id) != .null
                }
            }
            let few = UUID()
            let other = try gateway.wait(for: few, as: "few")
            // The oldest of those who wait for much is told where to look.
            let oldest = waits[0]
            let answer = try await within(.seconds(20), "the answer to the first") {
                try await oldest.answer()
            }
            #expect(answer["id"] == .string(many[0].uuidString.lowercased()))
            #expect(answer["state"] == "queued")
            try await eventually(within: .seconds(15), "the other's is kept") {
                try await installation.record(few) != .null
            }
            let third = try await gateway.submit(
                ["source": "3"],
                to: "/execute/sync?wait=50",
                "-H",
                "tenant: many"
            )
            #expect(third.status == 503)

            // Who goes away waits for nothing.
            other.kill()
            waits[1].kill()
            let shortly = try await gateway.submit(
                ["source": "4"],
                to: "/execute/sync?wait=0.1"
            )
            #expect(shortly.status == 202)
            try await eventually(within: .seconds(10), "both can wait") {
                let programs = try [UUID(), UUID()].map {
                    try gateway.wait(for: $0, as: "many", wait: "0.2")
                }
                for program in programs {
                    guard try await program.answer()["state"] == "queued" else { return false }
                }
                return true
            }

            let id = many[0].uuidString.lowercased()
            // One after the other: the older one is to end.
            var streams: [Program] = []
            for _ in 1...2 {
                let stream = try gateway.stream(of: id, as: "many")
                streams.append(stream)
                try await within(.seconds(20), "a stream") {
                    try await stream.output.skip(to: "text/event-stream")
                }
            }
            let oldestStream = streams[0]
            let fewID = few.uuidString.lowercased()
            let stream = try gateway.stream(of: fewID, as: "few")
            try await within(.seconds(20), "the other's stream") {
                try await stream.output.skip(to: "text/event-stream")
            }
            #expect(
                try await within(.seconds(20), "the end of the older") {
                    try await oldestStream.exitCode()
                } == 0
            )

            let stalled = try await gateway.abuse("stalled", "32", "4096")
            #expect(stalled["status"] == 202)
            try await installation.stop(gateway.process)
        }

        @Test func fewFilesAreNotAllGivenToClients() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open(
                "serve",
                settings: ["SANDMILL_GATEWAY_IDLE_TIMEOUT": "3s"],
                files: 600
            )
            #expect(gateway.process.errors.text.contains("few files may be open"))
            let answer = try await gateway.abuse("idle", "800", "40")
            #expect(answer["status"] == 200)
            #expect(answer["closed"] == 800)
            #expect(
                try await gateway.submit(["source": "print(7)"]).json["state"]
                    == "succeeded"
            )
            try await installation.stop(gateway.process)
            let refused = try installation.start(["serve"], files: 200)
            #expect(
                try await within(.seconds(30), "its end") { try await refused.exitCode() } == 78
            )
            #expect(refused.errors.text.contains("ulimit -n"))
        }

        @Test func pagesOfOtherSitesAreRefusedWithoutTokens() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway")
            for fields in [["-H", "Host: evil.example"], ["-H", "Origin: http://evil.example"]] {
                let answer = try await gateway.ask("/metrics", fields)
                #expect(answer.status == 403)
                #expect(try answer.json["type"] == "urn:sandmill:problem:forbidden")
            }
            #expect(try await gateway.ask("/metrics").status == 200)
            try await installation.stop(gateway.process)
        }

        @Test func whoAsksTooOftenIsToldWhenToComeAgain() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open(
                "gateway",
                settings: ["SANDMILL_GATEWAY_REQUESTS_PER_SECOND": "1"]
            )
            let path = "/execute/\(UUID())/status"
            // One process: a request in each might not be too often on a busy machine.
            let client = try Program(
                URL(filePath: "/usr/bin/curl"),
                ["-sS", "-w", "%{http_code}\n"]
                    + (0..<50).flatMap { _ in ["-o", "/dev/null", gateway.url(path)] },
                in: .temporaryDirectory
            )
            let statuses = try await within(.seconds(30), "the answers") {
                var lines: [String] = []
                while let line = await client.output.next() { lines.append(line) }
                return lines
            }
            #expect(statuses.first == "404")
            #expect(statuses.contains("429"))
            let other = try await gateway.ask(path, "-H", "tenant: other")
            #expect(other.status == 404)
            #expect(try await gateway.ask("/livez").status == 200)
            try await installation.stop(gateway.process)
        }
    }
}
