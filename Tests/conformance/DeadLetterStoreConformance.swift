import FoundationEssentials
import SandmillEntity
import SandmillService
import Testing

extension Conformance<Stores> {
    /// What every `DeadLetterStore` has to do.
    public static let ofDeadLetterStores: [Conformance] =
        keeping + announcing + listing + requeueing
        + purging

    private static let keeping: [Conformance] = [
        Conformance("a letter is kept with everything it has") { stores in
            let kept = try await stores.letters.kept(.sample(deliveries: 3))
            var expected = DeadLetter.sample(deliveries: 3)
            // printf '{"source": 1}' | sha256sum
            expected.sha256 = "5809735bc5913309c5b7b8bf468cdb573e73572423244db5ca3339e131c46d1b"
            #expect(kept.letter == expected)
            #expect(kept.letter.isComplete)
        },
        Conformance("the hash of a beginning is that of the whole") { stores in
            let body = Delivery.Body.oversized(
                prefix: [1, 2],
                size: .mebibytes(3),
                sha256: "ab"
            )
            let letter = try await stores.letters.kept(.sample(body: body)).letter
            #expect(letter == .sample(body: body))
            #expect(letter.sha256 == "ab")
            #expect(!letter.isComplete)
        },
        Conformance("all that is wrong is kept, the field with it") { stores in
            var letter = DeadLetter.sample()
            letter.faults = [
                RequestRefusal.Fault(at: "/source", "missing"), RequestRefusal.Fault("too late"),
            ]
            let kept = try await stores.letters.kept(letter)
            #expect(kept.letter.faults == letter.faults)
        },
        Conformance("a message is found by its id, written in any way, and its tenant") { stores in
            let id = UUID.random()
            _ = try await stores.letters.kept(.sample(messageID: id.text))
            let second = try await stores.letters.kept(.sample(messageID: id.text.uppercased()))
            let forged = try await stores.letters.kept(
                .sample(errorType: "forbidden_tenant", messageID: id.text)
            )
            _ = try await stores.letters.kept(.sample(messageID: UUID.random().text))
            #expect(try await stores.letters.letter(of: id, tenant: "tenant")?.id == second.id)
            #expect(try await stores.letters.letter(of: id, tenant: nil)?.id == forged.id)
            #expect(try await stores.letters.letter(of: id, tenant: "other") == nil)
            #expect(try await stores.letters.letter(of: .random(), tenant: nil) == nil)
        },
        Conformance("an unknown letter is nothing") { stores in
            let unknown = try await stores.letters.letter(17)
            #expect(unknown == nil)
        },
    ]

    private static let announcing: [Conformance] = [
        Conformance(
            "a refusal is announced with the letter's number, also to who asked for answers"
        ) {
            stores in
            var letter = DeadLetter.sample(tenant: "a.b")
            letter.replyQueue = "replies"
            letter.batchID = .random()
            let kept = try await stores.letters.kept(letter)
            let messages = try await stores.lease().map(\.message)
            #expect(messages.map(\.exchange) == [.events, .queue])
            #expect(messages.map(\.routingKey) == ["request.refused.python.a_b", "replies"])
            #expect(Set(messages.map(\.body)).count == 1)
            let event = try JSONDecoder().decode(
                JSONValue.self,
                from: Data(try #require(messages.first).body)
            )
            #expect(Set(messages.map(\.properties.messageID)) == [event["id"]?.string])
            #expect(messages.allSatisfy { $0.properties.correlationID == "c" })
            #expect(
                messages.allSatisfy {
                    $0.properties.contentType == "application/cloudevents+json"
                }
            )
            #expect(event["type"] == .string("dev.sandmill.request.refused.v1"))
            #expect(event["source"] == .string("/sandmill/test"))
            #expect(
                event["data"]
                    == .object([
                        "id": .string("0e8f2c64-0000-7000-8000-000000000017"),
                        "tenant": .string("a.b"), "pool": .string("python"),
                        "batch_id": .optional(letter.batchID?.text),
                        "error_type": .string("invalid_request"),
                        "errors": .array([
                            .object([
                                "pointer": .null, "message": .string("/source: is not a string"),
                            ])
                        ]),
                        "dead_letter": .integer(kept.id),
                    ])
            )
        },
        Conformance("a refusal of which nothing is known is announced all the same") { stores in
            var letter = DeadLetter.sample(errorType: "unroutable", key: "?", messageID: "")
            letter.tenant = nil
            _ = try await stores.letters.kept(letter)
            let message = try #require(await stores.lease().first?.message)
            #expect(message.routingKey == "request.refused._._")
            let event = try JSONDecoder().decode(JSONValue.self, from: Data(message.body))
            for field in ["id", "tenant", "pool", "batch_id"] {
                #expect(event["data"]?[field] == .null, "\(field)")
            }
            #expect(event["subject"] == nil)
        },
        Conformance("a batch is announced with its pool and its id") { stores in
            let id = UUID.random()
            let body = Delivery.Body.complete(Array(#"{"pool": "ruby", "executions": 1}"#.utf8))
            _ = try await stores.letters.kept(
                .sample(key: "batch", messageID: id.text, body: body)
            )
            let message = try #require(await stores.lease().first?.message)
            #expect(message.routingKey == "request.refused.ruby.tenant")
            let event = try JSONDecoder().decode(JSONValue.self, from: Data(message.body))
            #expect(event["data"]?["batch_id"] == .string(id.text))
        },
        Conformance(
            "what is no request is not announced, or an event about an event would have no end"
        ) {
            stores in
            var event = DeadLetter.sample(key: "execution.failed.python.acme")
            event.exchange = .events
            var givenUp = DeadLetter.sample()
            givenUp.properties.contentType = "application/cloudevents+json"
            try await stores.letters.keep([event, givenUp])
            #expect(try await stores.lease().isEmpty)
        },
    ]

    private static let listing: [Conformance] = [
        Conformance("the newest come first, a page at a time") { stores in
            try await stores.letters.keep((0..<7).map { .sample(reason: "\($0)") })
            var pages: [[String]] = []
            try await stores.letters.forEachPage(of: DeadLetterFilter(), size: 3) { page in
                pages.append(page.map(\.reason))
            }
            #expect(pages == [["6", "5", "4"], ["3", "2", "1"], ["0"]])
        },
        Conformance("a limit ends the list") { stores in
            try await stores.letters.keep((0..<7).map { .sample(reason: "\($0)") })
            var reasons: [String] = []
            try await stores.letters.forEachPage(of: DeadLetterFilter(), limit: 4, size: 3) {
                page in
                reasons += page.map(\.reason)
            }
            #expect(reasons == ["6", "5", "4", "3"])
        },
        Conformance("a summary tells what tells letters apart") { stores in
            let kept = try await stores.letters.kept(.sample(tenant: "acme"))
            let summary = try #require(await stores.letters.list(DeadLetterFilter()).first)
            #expect(
                summary
                    == DeadLetterSummary(
                        id: kept.id,
                        keptAt: kept.keptAt,
                        errorType: "invalid_request",
                        reason: kept.letter.reason,
                        queue: kept.letter.queue,
                        routingKey: "python.high",
                        tenant: "acme",
                        messageID: "0E8F2C64-0000-7000-8000-000000000017",
                        bodySize: kept.letter.bodySize,
                        isComplete: true
                    )
            )
        },
        Conformance("without a tenant it is the default one's") { stores in
            _ = try await stores.letters.kept(.sample(tenant: nil))
            #expect(
                try await stores.letters.list(DeadLetterFilter(tenants: ["default"])).count == 1
            )
            #expect(try await stores.letters.count(DeadLetterFilter(tenants: ["default"])) == 1)
        },
        Conformance("each filter leaves out what it does not mean") { stores in
            let wanted = try await stores.letters.kept(
                .sample(errorType: "too_large", reason: "/a/b: no", key: "a.b.low", tenant: "acme")
            )
            let other = try await stores.letters.kept(.sample(key: "a.low"))
            _ = try await stores.letters.kept(.sample(key: "batch"))
            _ = try await stores.letters.kept(.sample(queue: "sandmill.dead", key: nil))
            for filter in [
                DeadLetterFilter(ids: [wanted.id, 1_000_000]),
                DeadLetterFilter(errorTypes: ["too_large", "given_up"]),
                DeadLetterFilter(reason: "/a/b"),
                DeadLetterFilter(pools: ["a.b"]),
                DeadLetterFilter(tenants: ["acme"]),
                DeadLetterFilter(ids: [wanted.id, other.id], tenants: ["acme"]),
            ] {
                #expect(try await stores.letters.list(filter).map(\.id) == [wanted.id], "\(filter)")
            }
            #expect(try await stores.letters.list(DeadLetterFilter(ids: [])).isEmpty)
            #expect(
                try await stores.letters.list(DeadLetterFilter(pools: ["a"], tenants: ["acme"]))
                    .isEmpty
            )
        },
        Conformance("a batch's letters are its own and those that name it") {
            stores in
            let batch = UUID.random()
            let member = try await stores.letters.kept(
                .sample(body: .complete(Array(#"{"batch": {"id": "\#(batch.text)"}}"#.utf8)))
            )
            let reasoned = try await stores.letters.kept(
                .sample(reason: "/executions/3 of batch \(batch.text): no")
            )
            let whole = try await stores.letters.kept(.sample(messageID: batch.text.uppercased()))
            let binary = try await stores.letters.kept(
                .sample(body: .complete([0xFF, 0x00] + Array(batch.text.utf8)))
            )
            _ = try await stores.letters.kept(.sample(reason: "\(UUID.random().text)"))
            let found = try await stores.letters.list(DeadLetterFilter(batch: batch))
            #expect(found.map(\.id) == [binary.id, whole.id, reasoned.id, member.id])
            let others = DeadLetterFilter(tenants: ["other"], batch: batch)
            #expect(try await stores.letters.list(others).isEmpty)
        },
        Conformance("a letter just kept is new") { stores in
            _ = try await stores.letters.kept(.sample())
            #expect(
                try await stores.letters.list(DeadLetterFilter(newerThan: .seconds(3_600))).count
                    == 1
            )
            #expect(
                try await stores.letters.list(DeadLetterFilter(olderThan: .seconds(3_600))).isEmpty
            )
        },
    ]

    private static let requeueing: [Conformance] = [
        Conformance("a letter becomes the message that it was") { stores in
            let letter = DeadLetter.sample()
            let id = try await stores.letters.kept(letter).id
            #expect(try await stores.letters.requeue([id], as: Revision()) == [.requeued])
            let messages = try await stores.requeued()
            #expect(
                messages == [
                    OutboundMessage(
                        exchange: .submit,
                        routingKey: "python.high",
                        properties: letter.properties,
                        body: letter.body
                    )
                ]
            )
            #expect(try await stores.letters.letter(id) == nil)
        },
        Conformance("headers without a meaning are not sent to the broker") {
            stores in
            var letter = DeadLetter.sample(tenant: "acme")
            for header in ["x-mine", "x-death", "CC"] { letter.properties.headers[header] = "2" }
            let id = try await stores.letters.kept(letter).id
            _ = try await stores.letters.requeue([id], as: Revision())
            let message = try #require(
                await stores.requeued().first
            )
            #expect(message.properties.headers == ["tenant": "acme"])
        },
        Conformance("an event goes back to those who wait for it") { stores in
            var event = DeadLetter.sample(key: "execution.failed.python.acme")
            event.exchange = .events
            let kept = try await stores.letters.kept(event)
            #expect(kept.letter.exchange == .events)
            _ = try await stores.letters.requeue([kept.id], as: Revision())
            let message = try #require(
                await stores.lease().first?.message
            )
            #expect(message.exchange == .events)
            #expect(message.routingKey == "execution.failed.python.acme")
        },
        Conformance("another body and another key replace its own") { stores in
            let id = try await stores.letters.kept(.sample(key: "lost.high")).id
            let revision = Revision(body: [0, 255], routingKey: "python.low")
            #expect(try await stores.letters.requeue([id], as: revision) == [.requeued])
            let message = try #require(
                await stores.requeued().first
            )
            #expect(message.body == [0, 255])
            #expect(message.routingKey == "python.low")
            #expect(message.properties == DeadLetter.sample().properties)
        },
        Conformance("an id that is none, or another that is given, is told in the correlation id") {
            stores in
            var letter = DeadLetter.sample(messageID: "job-17")
            letter.properties.correlationID = nil
            let id = try await stores.letters.kept(letter).id
            #expect(try await stores.letters.requeue([id], as: Revision()) == [.requeued])
            let renamed = try #require(await stores.requeued().first).properties
            #expect(renamed.messageID.flatMap(UUID.init(text:)) != nil)
            #expect(renamed.correlationID == "job-17")

            let other = try await stores.letters.kept(.sample()).id
            let chosen = UUID.random()
            _ = try await stores.letters.requeue([other], as: Revision(messageID: chosen))
            let given = try #require(await stores.requeued().last).properties
            #expect(given.messageID == chosen.text)
            #expect(given.correlationID == "c")
        },
        Conformance("another body is given as it is, and its own as it came") { stores in
            var letter = DeadLetter.sample()
            letter.properties.contentEncoding = "gzip"
            for (revision, encoding) in [(Revision(), "gzip"), (Revision(body: [1]), nil)] {
                let id = try await stores.letters.kept(letter).id
                _ = try await stores.letters.requeue([id], as: revision)
                let message = try #require(await stores.requeued().last)
                #expect(message.properties.contentEncoding == encoding)
            }
        },
        Conformance("a key that nobody takes is a key") { stores in
            let id = try await stores.letters.kept(.sample(key: "lost.urgent")).id
            #expect(try await stores.letters.requeue([id], as: Revision()) == [.requeued])
            let message = try #require(
                await stores.requeued().first
            )
            #expect(message.routingKey == "lost.urgent")
        },
        Conformance("a beginning stays until there is a body") { stores in
            let body = Delivery.Body.oversized(prefix: [1], size: .mebibytes(1), sha256: "ab")
            let id = try await stores.letters.kept(.sample(body: body)).id
            #expect(try await stores.letters.requeue([id], as: Revision()) == [.incomplete])
            #expect(try await stores.requeued().isEmpty)
            #expect(try await stores.letters.letter(id) != nil)
            #expect(try await stores.letters.requeue([id], as: Revision(body: [1])) == [.requeued])
        },
        Conformance("a letter of which no key is known stays") { stores in
            let id = try await stores.letters.kept(.sample(queue: "sandmill.dead", key: nil)).id
            #expect(try await stores.letters.requeue([id], as: Revision()) == [.unaddressed])
            #expect(try await stores.letters.letter(id) != nil)
            let revision = Revision(routingKey: "python.low")
            #expect(try await stores.letters.requeue([id], as: revision) == [.requeued])
        },
        Conformance("each of several has its outcome") { stores in
            let body = Delivery.Body.oversized(prefix: [1], size: .mebibytes(1), sha256: "ab")
            let first = try await stores.letters.kept(.sample()).id
            let second = try await stores.letters.kept(.sample(body: body)).id
            let third = try await stores.letters.kept(.sample()).id
            #expect(
                try await stores.letters.requeue([third, 1_000_000, second, first], as: Revision())
                    == [.requeued, .unknown, .incomplete, .requeued]
            )
            #expect(try await stores.requeued().count == 2)
            #expect(try await stores.letters.list(DeadLetterFilter()).map(\.id) == [second])
        },
        Conformance("a letter goes once") { stores in
            let id = try await stores.letters.kept(.sample()).id
            let outcomes = try await withThrowingTaskGroup(of: [RequeueOutcome].self) { group in
                for _ in 0..<4 {
                    group.addTask { try await stores.letters.requeue([id], as: Revision()) }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(outcomes.count { $0 == .requeued } == 1)
            #expect(try await stores.requeued().count == 1)
        },
    ]

    private static let purging: [Conformance] = [
        Conformance("what is purged is gone, and nothing else") { stores in
            let first = try await stores.letters.kept(.sample()).id
            let second = try await stores.letters.kept(.sample()).id
            #expect(try await stores.letters.purge([first, 1_000_000]) == [first])
            #expect(try await stores.letters.list(DeadLetterFilter()).map(\.id) == [second])
            #expect(try await stores.requeued().isEmpty)
        }
    ]
}

extension DeadLetter {
    fileprivate static func sample(
        errorType: String = "invalid_request",
        reason: String = "/source: is not a string",
        queue: String = "sandmill.work.python.high",
        key: String? = "python.high",
        deliveries: Int? = nil,
        tenant: String? = "tenant",
        messageID: String = "0E8F2C64-0000-7000-8000-000000000017",
        body: Delivery.Body = .complete(Array(#"{"source": 1}"#.utf8))
    ) -> DeadLetter {
        DeadLetter(
            errorType: errorType,
            reason: reason,
            queue: queue,
            routingKey: key,
            deliveries: deliveries,
            properties: MessageProperties(
                contentType: "application/json",
                messageID: messageID,
                correlationID: "c",
                replyTo: "replies",
                timestamp: Date(timeIntervalSince1970: 1_700_000_000),
                appID: "app",
                headers: tenant.map { ["tenant": $0] } ?? [:]
            ),
            body: body
        )
    }
}

extension Stores {
    /// The requests in the outbox; what announces a refusal is none.
    fileprivate func requeued() async throws -> [OutboundMessage] {
        try await lease().map(\.message).filter { $0.exchange == .submit }
    }
}

extension DeadLetterStore {
    /// Keeps one dead letter and reads it back.
    fileprivate func kept(_ letter: DeadLetter) async throws -> StoredDeadLetter {
        try await keep([letter])
        let summary = try #require(await list(DeadLetterFilter()).first)
        return try #require(await self.letter(summary.id))
    }

    fileprivate func list(_ filter: DeadLetterFilter) async throws -> [DeadLetterSummary] {
        try await list(filter, below: nil, limit: 1_000)
    }
}
