import Foundation
import Testing

extension SystemTests {
    /// Who is refused hears of it.
    @Suite(.installation(), .timeLimit(.minutes(5)))
    struct RefusalEventTests {
        @Test func aTypoIsToldToTheExchangeAndToWhoAskedForAnswers() async throws {
            let installation = try Installation.current
            let id = UUID()
            let text = id.uuidString.lowercased()
            try await installation.submit(
                ["sauce": "print(1)"],
                id: id,
                properties: [
                    "reply_to": .string(await installation.events.queue), "correlation_id": "c-17",
                    "headers": ["tenant": "acme.eu"],
                ]
            )
            let published = try await installation.events.refused(text)
            let reply = try await installation.events.message {
                $0.isRefusal && $0.exchange.isEmpty && $0.event["subject"] == .string(text)
            }
            #expect(published.routingKey == "request.refused.python.acme_eu")
            #expect(published.event == reply.event)
            for message in [published, reply] {
                #expect(message.properties["message_id"] == message.event["id"])
                #expect(message.properties["correlation_id"] == "c-17")
                #expect(message.properties["content_type"] == "application/cloudevents+json")
            }
            let letter = try await installation.query(
                "select id from dead_letters where properties->>'message_id' = %s",
                .string(text)
            )
            let data = published.event["data"]
            #expect(data["dead_letter"] == letter.first?["id"])
            #expect(data["id"] == .string(text))
            #expect(data["tenant"] == "acme.eu")
            #expect(data["pool"] == "python")
            #expect(data["batch_id"] == .null)
            #expect(data["error_type"] == "invalid_request")
            #expect(
                data["errors"].elements.first
                    == ["pointer": "/sauce", "message": "there is no such field"]
            )
        }

        @Test func whatNoQueueWantsAndWhatTheBrokerGivesUpIsToldToo() async throws {
            let installation = try Installation.current
            let queue = JSON.string(await installation.events.queue)
            for (exchange, key, errorType, pool) in [
                ("submit", "ruby.normal", "unroutable", JSON.string("ruby")),
                ("submit", "nowhere", "unroutable", .null),
                ("dead", "dead", "given_up", .null),
            ] {
                let id = UUID().uuidString.lowercased()
                try await installation.tellBroker(
                    "publish",
                    [
                        "exchange": .string("\(installation.name).\(exchange)"),
                        "routing_key": .string(key), "body": "{}",
                        "properties": ["message_id": .string(id), "reply_to": queue],
                    ]
                )
                let data = try await installation.events.refused(id).event["data"]
                #expect(data["error_type"] == .string(errorType), "\(key)")
                #expect(data["pool"] == pool, "\(key)")
                #expect(data["errors"].elements.count == 1, "\(key)")
                _ = try await installation.events.message {
                    $0.exchange.isEmpty && $0.event["subject"] == .string(id)
                }
            }
        }

        @Test func aBatchAndEachMemberThatIsRefusedIsTold() async throws {
            let installation = try Installation.current
            let (whole, batch, member) = (UUID(), UUID(), UUID())
            for (id, body) in [
                (whole, #"{"pool": "python", "executions": []}"#),
                (
                    batch,
                    #"{"executions": [{"source": ""}, {"id": "\#(member)", "sauce": 1}]}"#
                ),
            ] {
                try await installation.publish(
                    body,
                    key: "batch",
                    properties: ["message_id": .string("\(id)".lowercased())]
                )
            }
            let first = try await installation.events.refused("\(whole)".lowercased())
            #expect(first.routingKey == "request.refused.python.default")
            #expect(first.event["data"]["batch_id"] == .string("\(whole)".lowercased()))
            #expect(first.event["data"]["errors"][0]["pointer"] == "/executions")
            let second = try await installation.events.refused("\(member)".lowercased())
            #expect(second.event["data"]["batch_id"] == .string("\(batch)".lowercased()))
            #expect(second.event["data"]["errors"][0]["pointer"] == "/sauce")
        }

        @Test func aRefusedIDTellsWhyWhereItsStateIsAskedFor() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway")
            let id = try await installation.submit(["sauce": 1])
            let text = id.uuidString.lowercased()
            let number = try await installation.events.refused(text).event["data"]["dead_letter"]

            for path in ["", "/status", "/result"] {
                let answer = try await gateway.ask("/execute/\(text)\(path)")
                #expect(answer.status == 404)
                let problem = try answer.json
                #expect(problem["dead_letter"]["id"] == number)
                #expect(problem["dead_letter"]["error_type"] == "invalid_request")
                #expect(problem["dead_letter"]["errors"][0]["pointer"] == "/sauce")
                #expect(problem["detail"].string?.contains("/sauce") == true)
            }
            let unknown = try await gateway.ask("/execute/\(UUID())")
            #expect(try unknown.status == 404 && unknown.json["dead_letter"] == .null)

            let status = try await installation.run(["status", text])
            #expect(status.exitCode == 0, "\(status.errors)")
            #expect(status.output.contains { $0.hasPrefix("refused") })
            #expect(status.output.contains { $0.contains("/sauce: there is no such field") })
            let result = try await installation.run(["result", text])
            #expect(result.exitCode == 65)
            #expect(result.errors.contains("was refused: /sauce"))
            try await installation.stop(gateway.process)
        }
    }
}
