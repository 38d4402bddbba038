import Foundation
import Testing

extension SystemTests {
    /// What was accepted ends, though the broker loses its message or does not take it.
    @Suite(.timeLimit(.minutes(5)))
    struct LostMessageTests {
        private static let impatient = ["SANDMILL_BROKER_MESSAGE_TIMEOUT": "2s"]
        private static let work = "work.python.normal"

        @Test(.installationWithoutWorker, arguments: ["purge_queue", "delete_queue"])
        func whatWasAcceptedByHTTPRunsThoughItsQueueIsLost(order: String) async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway", settings: Self.impatient)
            var ids: [UUID] = []
            for number in 1...20 {
                let answer = try await gateway.submit(
                    ["source": .string("print(\(number))")],
                    to: "/execute/async"
                )
                #expect(answer.status == 202)
                ids.append(try #require(UUID(uuidString: answer.json["id"].string ?? "")))
            }
            try await eventually(within: .seconds(20), "all is published") {
                try await installation.query("select 1 from outbox").isEmpty
            }
            try await installation.tellBroker(
                order,
                ["name": .string("\(installation.name).\(Self.work)")]
            )
            let worker = try await installation.startWorker("worker-a", settings: Self.impatient)
            for id in ids {
                let end = try await within(.seconds(60), "the end of \(id)") {
                    try await installation.events.finished(id)
                }
                #expect(end["data"]["state"] == "succeeded")
            }
            try await installation.expectOneEnd(of: ids)
            try await installation.stop(worker)
            try await installation.stop(gateway.process)
        }

        @Test(.installation(impatient))
        func aRetryWhoseMessageNoQueueTakesIsMadeAllTheSame() async throws {
            let installation = try Installation.current
            try await installation.tellBroker(
                "unbind_queue",
                [
                    "name": .string("\(installation.name).\(Self.work)"),
                    "exchange": .string("\(installation.name).submit"),
                    "routing_key": "python.normal",
                ]
            )
            let id = UUID()
            let request: JSON = [
                "source": "import sys; sys.exit(1)", "retry": ["max": 1, "on": ["failed"]],
            ]
            // Straight to the queue.
            try await installation.tellBroker(
                "publish",
                [
                    "exchange": "",
                    "routing_key": .string("\(installation.name).\(Self.work)"),
                    "properties": ["message_id": .string(id.uuidString.lowercased())],
                    "body": .string(try request.line),
                ]
            )
            let end = try await within(.seconds(60), "the end") {
                try await installation.events.finished(id)
            }
            #expect(end["data"]["state"] == "failed")
            #expect(end["data"]["attempt"] == 2)
        }

        @Test(.installation())
        func aHeaderThatTheBrokerWouldRefuseDoesNotKeepARetryFromComing() async throws {
            let installation = try Installation.current
            let id = UUID()
            let request: JSON = [
                "source": "import sys; sys.exit(1)", "retry": ["max": 1, "on": ["failed"]],
            ]
            // The broker heeds the first CC, which is fine, and a reader of the table sees the last.
            try await installation.publish(
                try request.line,
                properties: [
                    "message_id": .string(id.uuidString.lowercased()),
                    "headers": [
                        ["CC", []], ["CC", "elsewhere"], ["BCC", []], ["BCC", 17],
                        ["traceparent", .string(String(repeating: "0", count: 25_000))],
                    ],
                ]
            )
            let event = try await within(.seconds(60), "the end") {
                try await installation.events.finished(id)
            }
            #expect(event["data"]["attempt"] == 2)
            #expect(event["traceparent"] == .null)
            let record = try await installation.record(id)
            #expect(record["request_properties"]["headers"] == .object([:]))
            try await eventually(within: .seconds(20), "the outbox is empty") {
                try await installation.query("select 1 from outbox").isEmpty
            }
        }

        @Test(.installation())
        func whatTheBrokerNeverTakesCostsNobodyAndIsSetAside() async throws {
            let installation = try Installation.current
            // Nobody waits for answers on the channel that publishes: 406, and the channel is gone.
            let poison = #"""
                {"exchange": "%", "routing_key": "poison.x", "is_mandatory": false,
                 "properties": {"reply_to": "amq.rabbitmq.reply-to", "headers": {}}}
                """#
            for exchange in ["events", "submit"] {
                try await installation.query(
                    """
                    insert into outbox (available_at, message, body)
                    select now(), replace(%s, '%%', %s)::json, '' from generate_series(1, 100)
                    """,
                    .string(poison),
                    .string(exchange)
                )
            }
            try await installation.query(
                "insert into outbox (available_at, message, body) values (now(), '{}', 'evidence')"
            )
            let result = try await installation.result(of: "print('undisturbed')")
            #expect(result["state"] == "succeeded")
            try await eventually(within: .seconds(40), "the outbox is empty") {
                try await installation.query("select 1 from outbox").isEmpty
            }
            let letters = try await installation.query(
                "select exchange, error_type, count(*)::int from dead_letters group by 1, 2"
            )
            #expect(letters.allSatisfy { $0["error_type"] == "unpublishable" })
            #expect(letters.first { $0["exchange"] == "events" }?["count"] == 100)
            #expect(letters.first { $0["exchange"] == .null }?["count"] == 101)
            // Requeued as it is it comes back, and harms nobody.
            let requeued = try await installation.run([
                "dead", "requeue", "--reason", "fast reply",
            ])
            #expect(requeued.exitCode == 0, "\(requeued.errors)")
            try await eventually(within: .seconds(40), "they are dead letters again") {
                let rows = try await installation.query(
                    "select 1 from dead_letters where reason like '%%fast reply%%'"
                )
                return rows.count == 200
            }
        }
    }
}
