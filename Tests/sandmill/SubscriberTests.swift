import Foundation
import Testing

extension SystemTests {
    /// What one subscriber may cost the others.
    @Suite(.timeLimit(.minutes(5)))
    struct SubscriberTests {
        @Test(.installation())
        func aFullSubscriberIsNamedAndCostsTheOthersAFewCopies() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway")
            let full = "\(installation.name).subscriber-full"
            let open = "\(installation.name).subscriber-open"
            let limit: JSON = ["x-max-length": 0, "x-overflow": "reject-publish"]
            for (queue, arguments) in [(full, limit), (open, .object([:]))] {
                try await installation.tellBroker(
                    "declare_queue",
                    ["name": .string(queue), "arguments": arguments]
                )
                try await installation.tellBroker(
                    "bind_queue",
                    [
                        "name": .string(queue), "exchange": .string("\(installation.name).events"),
                        "routing_key": "execution.succeeded.python.acme",
                    ]
                )
            }
            let count = 10
            for _ in 0..<count {
                try await installation.submit(
                    ["source": "print(1)"],
                    properties: ["headers": ["tenant": "acme"]]
                )
            }
            // One second, two and four: without a backoff each would have been sent seven times or more.
            try await eventually(within: .seconds(90), "each is rejected three times") {
                try await installation.query("select 1 from outbox where rejections >= 3").count
                    == count
            }
            let copies = try await installation.count(open)
            let rejections = try await installation.query(
                "select sum(rejections) as sum from outbox where rejections > 0"
            )
            let sum = Int(try #require(rejections[0]["sum"].double))
            // What is on its way is not counted yet.
            #expect((3 * count...sum + count).contains(copies), "\(copies) of \(sum) rejections")

            let examined = try await installation.run(["doctor"])
            let line = examined.output.first { $0.hasPrefix("warn  subscribers:") }
            #expect(
                line?.contains(
                    #""execution.succeeded.python.acme" of \#(installation.name).events: 10 messages"#
                ) == true,
                "\(examined.output)"
            )
            let metrics = try await gateway.ask("/metrics").text
            #expect(
                metrics.contains(#"sandmill_outbox_rejected_messages{exchange="events"} 10"#),
                "\(metrics)"
            )
            #expect(
                metrics.contains(#"sandmill_outbox_rejected_messages{exchange="submit"} 0"#)
            )
            try await installation.tellBroker("delete_queue", ["name": .string(full)])
            try await eventually(within: .seconds(60), "what was rejected is published") {
                try await installation.query("select 1 from outbox").isEmpty
            }
            let healthy = try await installation.run(["doctor"])
            #expect(healthy.output.contains { $0.contains("the broker rejects nothing") })
            try await installation.tellBroker("delete_queue", ["name": .string(open)])
            try await installation.stop(gateway.process)
        }
    }
}

extension Installation {
    /// How many messages wait in a queue.
    fileprivate func count(_ queue: String) async throws -> Int {
        let counter = try Program.client("broker", brokerURL)
        let answer = try await within(.seconds(20), "a count") {
            try await counter.ask(["do": "count", "name": .string(queue)])
        }
        return Int(try #require(answer["count"].double))
    }
}
