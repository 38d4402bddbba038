import Foundation
import Testing

extension SystemTests {
    /// What there is, over HTTP as `curl` sees it.
    @Suite(.timeLimit(.minutes(5)))
    struct ListTests {
        private func header(_ token: String) -> [String] {
            ["-H", "Authorization: Bearer \(token)"]
        }

        /// Waits until a message is a dead letter, and finds it by its type.
        private func deadLetter(of id: UUID, _ gateway: HTTPGateway) async throws -> JSON {
            let path = "/dead-letters?error_type=invalid_request"
            @Sendable func find() async throws -> JSON? {
                try await gateway.ask(path).json["dead_letters"].elements.first {
                    $0["message_id"].string == id.uuidString.lowercased()
                }
            }
            try await eventually(within: .seconds(30), "it is kept") { try await find() != nil }
            return try #require(try await find())
        }

        @Test(.installation()) func executionsAreFoundPageByPage() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway")
            var ids: [String] = []
            for number in 0..<5 {
                let answer = try await gateway.submit(
                    [
                        "source": number == 3 ? "raise SystemExit(3)" : "1",
                        "labels": ["n": .string("\(number)")],
                    ]
                )
                ids.append(try #require(try answer.json["id"].string))
            }
            var found: [String] = []
            var path = "/executions?limit=2"
            while true {
                let answer = try await gateway.ask(path)
                try #require(answer.status == 200, "\(answer.text)")
                found += try answer.json["executions"].elements.compactMap { $0["id"].string }
                guard let cursor = try answer.json["next"].string else { break }
                #expect(answer.fields["link"]?.contains(cursor) == true)
                path = "/executions?limit=2&cursor=\(cursor)"
            }
            #expect(found == ids.reversed())
            let failed = try await gateway.ask("/executions?state=failed&state=errored&since=1h")
            let summary = try failed.json["executions"][0]
            #expect(summary["id"].string == ids[3])
            #expect(summary["reason"] == "exit_code")
            #expect(summary["exit_code"] == 3)
            #expect(summary["labels"] == ["n": "3"])
            #expect(try failed.json["executions"].elements.count == 1)
            let labelled = try await gateway.ask("/executions?label.n=1&label.n=2")
            #expect(try labelled.json["executions"].elements.count == 2)
            let prefix = try await gateway.ask("/executions?id=\(ids[0].prefix(20))")
            #expect(try prefix.json["executions"][0]["id"].string == ids[0])
            // A path takes a whole id, and says what finds one.
            let short = String(ids[0].prefix(20)).uppercased()
            for (path, method, list) in [
                ("/execute/\(short)", "GET", "executions"),
                ("/execute/\(short)", "DELETE", "executions"),
                ("/batches/\(short)", "GET", "batches"), ("/batches/\(short)", "DELETE", "batches"),
            ] {
                let answer = try await gateway.ask(path, "-X", method)
                #expect(answer.status == 404)
                let detail = try answer.json["detail"].string ?? ""
                #expect(detail.contains("GET /\(list)?id=\(short.lowercased()) lists"), "\(detail)")
            }
            let same = try await gateway.ask("/execute/\(ids[0])")
            #expect(same.body == (try await gateway.ask("/execute/\(ids[0])/status")).body)
            let table = try await gateway.ask("/executions?state=failed", "-H", "Accept: text/csv")
            #expect(table.fields["content-type"]?.hasPrefix("text/csv") == true)
            let lines = table.text.split(separator: "\r\n")
            #expect(lines.count == 2)
            #expect(lines[0].hasPrefix("\"id\",\"tenant\",\"pool\","))
            #expect(lines[1].hasPrefix("\"\(ids[3])\",\"default\",\"python\","))
            try await installation.stop(gateway.process)
        }

        @Test(.installationWithoutWorker) func anUnknownParameterIsNamed() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway")
            for path in [
                "/executions?stat=failed", "/batches?stat=failed", "/dead-letters?stat=failed",
                "/execute/\(UUID())?stat=failed", "/execute/\(UUID())/status?stat=failed",
                "/execute/\(UUID())/result?stat=failed", "/batches/\(UUID())?stat=failed",
                "/livez?stat=failed", "/openapi.json?stat=failed",
            ] {
                let answer = try await gateway.ask(path)
                #expect(answer.status == 400, "\(path)")
                #expect(try answer.json["detail"].string?.contains("stat") == true, "\(path)")
            }
            let submitted = try await gateway.submit(["source": "1"], to: "/execute/async?wait=1")
            #expect(submitted.status == 400)
            for query in ["limit=0", "limit=1001", "cursor=x", "state=lost", "since=1w", "label=a"]
            {
                #expect(try await gateway.ask("/executions?\(query)").status == 400, "\(query)")
            }
            try await installation.stop(gateway.process)
        }

        @Test(.installationWithoutWorker) func aTokenSeesItsTenantAndDoesWhatItsRoleSays()
            async throws
        {
            let installation = try Installation.current
            let reader = try await installation.token("--tenant", "acme", "--role", "read")
            let submitter = try await installation.token("--tenant", "acme")
            let other = try await installation.token("--tenant", "other")
            let operate = try await installation.token("--role", "operate")
            let gateway = try await installation.open(
                "gateway",
                settings: ["SANDMILL_GATEWAY_LISTEN": "0.0.0.0:0"]
            )
            func submit(
                _ token: String,
                to path: String = "/execute/async"
            ) async throws -> HTTPGateway.Answer {
                try await gateway.ask(
                    path,
                    ["-H", "Content-Type: application/json", "-d", #"{"source": "1"}"#]
                        + header(token)
                )
            }
            let accepted = try await submit(submitter)
            let id = try #require(try accepted.json["id"].string)
            #expect(try await submit(other).status == 202)
            #expect(try await submit(reader).status == 403)
            #expect(try await submit(reader, to: "/execute/sync").status == 403)
            #expect(try await submit(reader, to: "/batches").status == 403)
            let cancel = ["-X", "DELETE"] + header(reader)
            #expect(try await gateway.ask("/execute/\(id)", cancel).status == 403)
            #expect(try await gateway.ask("/execute/\(id)", header(reader)).status == 200)
            for (token, tenants) in [
                (reader, ["acme"]), (submitter, ["acme"]), (operate, ["other", "acme"]),
            ] {
                let found = try await gateway.ask("/executions", header(token))
                #expect(
                    try found.json["executions"].elements.map { $0["tenant"].string } == tenants
                )
            }
            let foreign = try await gateway.ask("/executions?tenant=other", header(reader))
            #expect(try foreign.json["executions"].elements.isEmpty)
            let purge = ["-X", "DELETE"] + header(submitter)
            #expect(try await gateway.ask("/dead-letters/1", purge).status == 403)
            try await installation.stop(gateway.process)
        }

        @Test(.installation()) func aDeadLetterIsMendedAndRequeued() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway")
            let id = try await installation.submit(["source": "1", "limits": ["wall_seconds": 0]])
            let letter = try await deadLetter(of: id, gateway)
            let number = Int(try #require(letter["id"].double))
            let shown = try await gateway.ask("/dead-letters/\(number)")
            #expect(try shown.json["body"].string?.contains("wall_seconds") == true)
            let path = "/dead-letters/\(number)/requeue"
            let wrong = try await gateway.submit(["source": 1], to: path)
            #expect(wrong.status == 400)
            #expect(try wrong.json["pointer"] == "/source")
            let mended = try await gateway.submit(["source": "print(2)"], to: path)
            #expect(mended.status == 202)
            #expect(mended.fields["location"] == "/execute/\(id.uuidString.lowercased())")
            #expect(try await gateway.ask("/dead-letters/\(number)").status == 404)
            try await installation.wait(for: id, in: "succeeded")
            #expect(try await gateway.ask("/dead-letters/\(number)", "-X", "DELETE").status == 404)
            let next = try await installation.submit([:])
            let other = Int(try #require(try await deadLetter(of: next, gateway)["id"].double))
            #expect(try await gateway.ask("/dead-letters/\(other)", "-X", "DELETE").status == 204)
            #expect(try await gateway.ask("/dead-letters").json["dead_letters"].elements.isEmpty)
            try await installation.stop(gateway.process)
        }
    }
}
