import Foundation
import Testing

extension SystemTests {
    /// A client that has only read the contract publishes requests and receives events.
    @Suite(.installation(), .timeLimit(.minutes(5)))
    struct CompletionEventTests {
        private static let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

        /// Writes to both streams, bytes that are no UTF-8 included, and makes files.
        private static let program = """
            import os, sys
            print(input() * 3)
            sys.stdout.flush()
            os.write(2, b"caf\\xe9\\n")
            os.makedirs("plots/deep")
            open("out.csv", "w").write("a,b\\n" * 1000)
            open("plots/deep/binary", "wb").write(bytes(range(256)))
            os.chmod("out.csv", 0o777)
            open("empty", "w")
            """

        @Test func eventIsACloudEventAndItsCopyGoesToTheReplyQueue() async throws {
            let installation = try Installation.current
            let id = try await installation.submit(
                ["source": "print(1)", "labels": ["student": "s-17"]],
                properties: [
                    "correlation_id": "c-1", "reply_to": .string(await installation.events.queue),
                    "headers": [
                        "tenant": "acme.eu", "traceparent": .string(Self.traceparent),
                    ],
                ]
            )
            let subject = JSON.string(id.uuidString.lowercased())
            let published = try await installation.events.message {
                $0.event["subject"] == subject && !$0.exchange.isEmpty
            }
            let copy = try await installation.events.message {
                $0.event["subject"] == subject && $0.exchange.isEmpty
            }

            let event = published.event
            #expect(published.exchange == "\(installation.name).events")
            #expect(published.routingKey == "execution.succeeded.python.acme_eu")
            #expect(published.properties["content_type"] == "application/cloudevents+json")
            #expect(published.properties["message_id"] == event["id"])
            #expect(published.properties["correlation_id"] == "c-1")
            #expect(published.properties["delivery_mode"] == 2)
            #expect(UUID(uuidString: event["id"].string ?? "") != nil)
            #expect(event["specversion"] == "1.0")
            #expect(event["type"] == "dev.sandmill.execution.finished.v1")
            #expect(event["source"] == .string("/sandmill/\(installation.name)"))
            #expect(event["datacontenttype"] == "application/json")
            #expect(event["traceparent"] == .string(Self.traceparent))
            #expect(event["time"] == event["data"]["finished_at"])
            #expect(
                Set(event.fields.keys) == [
                    "specversion", "id", "source", "type", "subject", "time", "datacontenttype",
                    "traceparent", "data",
                ]
            )
            #expect(event["data"]["labels"] == ["student": "s-17"])
            #expect(event["data"]["tenant"] == "acme.eu")
            #expect(copy.event == event)
            #expect(copy.properties == published.properties)
        }

        @Test func eventRecordAndResultFileAreOneDocument() async throws {
            let installation = try Installation.current
            let id = try await installation.submit(
                ["source": .string(Self.program), "stdin": "ab\n"],
                level: "high"
            )
            let data = try await installation.events.finished(id)["data"]
            let record = try await installation.record(id)
            let path = try #require(data["results_path"].string)
            let file = try installation.json("\(path)/result.json")

            for field in Set(data.fields.keys).union(record["result"].fields.keys) {
                #expect(record["result"][field] == data[field], "\(field)")
            }
            for field in Set(data.fields.keys).union(file.fields.keys) {
                #expect(file[field] == data[field], "\(field)")
            }
            let columns = [
                "id", "tenant", "pool", "level", "runtime", "batch_id", "state", "reason",
                "attempt", "exit_code", "signal", "wall_seconds", "cpu_seconds",
                "memory_peak_bytes", "results_path", "worker",
            ]
            for column in columns { #expect(record[column] == data[column], "\(column)") }
            for column in ["submitted_at", "started_at", "finished_at"] {
                let rows = try await installation.query(
                    "select 1 from executions where id = %s::uuid and \(column) = %s::timestamptz",
                    data["id"],
                    data[column]
                )
                #expect(rows.count == 1, "\(column)")
            }
            #expect(data["level"] == "high")
            #expect(data["exit_code"] == 0)
            #expect(data["image"].string?.hasPrefix("sha256:") == true)
        }

        @Test func filesOnDiskAreAsTheRecordSays() async throws {
            let installation = try Installation.current
            let data = try await installation.result(of: Self.program, ["stdin": "ab\n"])
            let path = try #require(data["results_path"].string)
            #expect(try installation.bytes("\(path)/stdout") == Data("ababab\n".utf8))
            #expect(try installation.bytes("\(path)/stderr") == Data("caf\u{E9}\n".latin1))
            #expect(data["stdout"]["preview"] == "ababab\n")
            #expect(data["stderr"]["preview"] == "caf\u{FFFD}\n")
            #expect(data["stderr"]["bytes"] == 5)

            let files = data["files"].elements
            #expect(
                files.map { $0["path"] } == ["empty", "out.csv", "plots/deep/binary"]
            )
            for file in files {
                let name = "\(path)/files/\(file["path"].string ?? "")"
                let size = try installation.bytes(name).count
                #expect(file["sha256"] == .string(try await installation.digest(name)), "\(name)")
                #expect(file["bytes"] == .number(Double(size)), "\(name)")
                #expect(try installation.permissions(name) == 0o640, "\(name)")
            }
            let recorded = try await installation.query(
                """
                select path, bytes, sha256 from files where execution_id = %s::uuid
                order by position
                """,
                data["id"]
            )
            #expect(recorded == files)
        }

        @Test func directReplyToGetsTheEvent() async throws {
            let installation = try Installation.current
            let id = UUID().uuidString.lowercased()
            let client = try Program.client(
                "direct_reply",
                installation.brokerURL,
                "\(installation.name).submit",
                "python.low",
                id,
                #"{"source": "print(2)"}"#
            )
            let reply = try await within(.seconds(30), "the reply") { try await client.answer() }
            let event = try JSON(try #require(reply["body"].string))
            #expect(reply["correlation_id"] == "question")
            #expect(event["subject"] == .string(id))
            #expect(event["data"]["stdout"]["preview"] == "2\n")
        }
    }
}

extension String {
    /// The characters as ISO 8859-1.
    fileprivate var latin1: [UInt8] {
        unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    }
}
