import Foundation
import Testing

extension SystemTests {
    /// Requests whose body is compressed, or encoded in a way that is not understood.
    @Suite(
        .installation(["SANDMILL_BROKER_MAXIMUM_BODY": "64KiB"]),
        .timeLimit(.minutes(5))
    )
    struct EncodedRequestTests {
        @Test(arguments: [("gzip", true), ("GZIP", true), ("identity", false)])
        func aRequestRunsAndIsTheSameUncompressed(encoding: String, compressed: Bool) async throws {
            let installation = try Installation.current
            let id = UUID()
            let body = #"{"source": "print('small')"}"#
            try await installation.publish(
                encoded: body,
                id: id,
                encoding: encoding,
                compressed: compressed
            )
            let result = try await installation.events.finished(id)["data"]
            #expect(result["stdout"]["preview"] == "small\n")
            // The same in other clothes is a duplicate, and no conflict.
            try await installation.publish(
                body,
                properties: ["message_id": .string("\(id)".lowercased())]
            )
            #expect(try await installation.result(of: "print(1)")["state"] == "succeeded")
            let letters = try await installation.query(
                "select 1 from dead_letters where properties->>'message_id' = %s",
                .string("\(id)".lowercased())
            )
            #expect(letters.isEmpty)
        }

        @Test func aBatchMayBeCompressed() async throws {
            let installation = try Installation.current
            let id = UUID()
            try await installation.publish(
                encoded: #"{"executions": [{"source": "print(1)"}, {"source": "print(2)"}]}"#,
                id: id,
                key: "batch",
                encoding: "gzip",
                compressed: true
            )
            let subject = JSON.string("\(id)".lowercased())
            let end = try await installation.events.message { $0.event["subject"] == subject }.event
            #expect(end["data"]["counts"]["succeeded"] == 2)
        }

        /// A thousand times as large as what comes; what is just as large as it may be runs.
        @Test func aBombIsRefusedByTheSizeThatComesOut() async throws {
            let installation = try Installation.current
            let (bomb, large) = (UUID(), UUID())
            try await installation.publish(
                encoded: " ",
                repeated: 50_000_000,
                id: bomb,
                encoding: "gzip",
                compressed: true
            )
            let refusal = try await installation.events.refused("\(bomb)".lowercased())
            #expect(refusal.event["data"]["error_type"] == "too_large")
            #expect(
                refusal.event["data"]["errors"][0]["message"].string?.contains("65536") == true
            )
            let frame = #"{"source": "print('fits')\n"}"#
            let filling = String(repeating: "#", count: 65_536 - frame.utf8.count)
            try await installation.publish(
                encoded: frame.replacing("\\n", with: "\\n" + filling),
                id: large,
                encoding: "gzip",
                compressed: true
            )
            let result = try await installation.events.finished(large)["data"]
            #expect(result["stdout"]["preview"] == "fits\n")
        }

        @Test(arguments: [
            ("br", "unsupported_encoding", #""br""#), ("gzip", "invalid_request", "gzip member"),
        ])
        func whatIsNotUnderstoodIsRefusedByName(
            encoding: String,
            errorType: String,
            named: String
        ) async throws {
            let installation = try Installation.current
            let id = UUID()
            try await installation.publish(
                encoded: #"{"source": ""}"#,
                id: id,
                encoding: encoding,
                compressed: false
            )
            let data = try await installation.events.refused("\(id)".lowercased()).event["data"]
            #expect(data["error_type"] == .string(errorType))
            #expect(data["errors"][0]["message"].string?.contains(named) == true, "\(data)")
        }

        /// The dead letter has the text, so that a person can read and mend it.
        @Test func aCompressedRequestThatIsRefusedIsKeptAsText() async throws {
            let installation = try Installation.current
            let id = UUID()
            try await installation.publish(
                encoded: #"{"sauce": 1}"#,
                id: id,
                encoding: "gzip",
                compressed: true
            )
            _ = try await installation.events.refused("\(id)".lowercased())
            let rows = try await installation.query(
                """
                select convert_from(body, 'UTF8') as body, properties->>'content_encoding' as encoding
                from dead_letters where properties->>'message_id' = %s
                """,
                .string("\(id)".lowercased())
            )
            #expect(rows == [["body": #"{"sauce": 1}"#, "encoding": .null]])
        }

        @Test func theGatewayUnderstandsTheSame() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway")
            let file = installation.directory.appending(path: "request.gz")
            func answer(_ text: String, encoding: String) async throws -> HTTPGateway.Answer {
                let compression = try Program(
                    URL(filePath: "/bin/sh"),
                    ["-c", "printf '%s' '\(text)' | gzip > request.gz"],
                    in: installation.directory
                )
                #expect(try await compression.exitCode() == 0)
                return try await gateway.ask(
                    "/execute/sync?wait=20",
                    "-H",
                    "Content-Type: application/json",
                    "-H",
                    "Content-Encoding: \(encoding)",
                    "--data-binary",
                    "@\(file.path())"
                )
            }
            let text = #"{"source": "print(6 * 7)"}"#
            let result = try await answer(text, encoding: "gzip")
            #expect(result.status == 200)
            #expect(try result.json["stdout"]["preview"] == "42\n")
            let other = try await answer(text, encoding: "br")
            #expect(other.status == 415)
            #expect(other.fields["accept-encoding"] == "gzip, identity")
            #expect(try other.json["detail"].string?.contains(#""br""#) == true)
            let bomb = try await answer(
                String(repeating: " ", count: 70_000),
                encoding: "gzip"
            )
            #expect(bomb.status == 413)
            let wrong = try await answer(
                #"{"sauce": 1, "limits": {"cpu_seconds": 0}}"#,
                encoding: "gzip"
            )
            #expect(wrong.status == 400)
            #expect(try wrong.json["pointer"] == "/sauce")
            #expect(
                try wrong.json["errors"].elements.compactMap { $0["pointer"].string }
                    == ["/sauce", "/source", "/limits/cpu_seconds"]
            )
            try await installation.stop(gateway.process)
        }
    }
}

extension Installation {
    /// Publishes a text whose property `content_encoding` says something about it.
    fileprivate func publish(
        encoded body: String,
        repeated: Double = 1,
        id: UUID,
        key: String = "python.normal",
        encoding: String,
        compressed: Bool
    ) async throws {
        try await tellBroker(
            "publish",
            [
                "exchange": .string("\(name).submit"), "routing_key": .string(key),
                "body": .string(body), "repeated": .number(repeated),
                "compressed": .bool(compressed),
                "properties": [
                    "message_id": .string("\(id)".lowercased()),
                    "content_type": "application/json", "content_encoding": .string(encoding),
                ],
            ]
        )
    }
}
