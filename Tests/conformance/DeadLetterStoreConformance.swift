import FoundationEssentials
import SandmillEntity
public import SandmillService
public import Testing

/// What every ``DeadLetterStore`` has to do, whatever it is made of.
///
/// Each check gets a store in which there is nothing.
public struct DeadLetterStoreConformance: Sendable, CustomTestStringConvertible {
    /// A store that also shows its outbox.
    public typealias Store = DeadLetterStore & Outbox

    /// What is checked.
    public let testDescription: String
    /// Checks it.
    public let check: @Sendable (any Store) async throws -> Void

    private init(
        _ description: String,
        _ check: @escaping @Sendable (any Store) async throws -> Void
    ) {
        testDescription = description
        self.check = check
    }

    /// Everything.
    public static let all: [DeadLetterStoreConformance] = keeping + listing + requeueing + purging

    private static let keeping = [
        DeadLetterStoreConformance("a letter is kept with everything it has") { store in
            let kept = try await store.kept(.sample(deliveries: 3))
            var expected = DeadLetter.sample(deliveries: 3)
            // printf '{"source": 1}' | sha256sum
            expected.sha256 = "5809735bc5913309c5b7b8bf468cdb573e73572423244db5ca3339e131c46d1b"
            #expect(kept.letter == expected)
            #expect(kept.letter.isComplete)
        },
        DeadLetterStoreConformance("the hash of a beginning is that of the whole") { store in
            let body = Delivery.Body.oversized(
                prefix: [1, 2],
                size: .mebibytes(3),
                sha256: "ab"
            )
            let letter = try await store.kept(.sample(body: body)).letter
            #expect(letter == .sample(body: body))
            #expect(letter.sha256 == "ab")
            #expect(!letter.isComplete)
        },
        DeadLetterStoreConformance("an unknown letter is nothing") { store in
            let unknown = try await store.letter(17)
            #expect(unknown == nil)
        },
    ]

    private static let listing = [
        DeadLetterStoreConformance("the newest come first, a page at a time") { store in
            try await store.keep((0..<7).map { .sample(reason: "\($0)") })
            var pages: [[String]] = []
            try await store.forEachPage(of: DeadLetterFilter(), size: 3) { page in
                pages.append(page.map(\.reason))
            }
            #expect(pages == [["6", "5", "4"], ["3", "2", "1"], ["0"]])
        },
        DeadLetterStoreConformance("a limit ends the list") { store in
            try await store.keep((0..<7).map { .sample(reason: "\($0)") })
            var reasons: [String] = []
            try await store.forEachPage(of: DeadLetterFilter(), limit: 4, size: 3) { page in
                reasons += page.map(\.reason)
            }
            #expect(reasons == ["6", "5", "4", "3"])
        },
        DeadLetterStoreConformance("a summary tells what tells letters apart") { store in
            let kept = try await store.kept(.sample(tenant: "acme"))
            let summary = try #require(await store.list(DeadLetterFilter()).first)
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
                        messageID: "17",
                        bodySize: kept.letter.bodySize,
                        isComplete: true
                    )
            )
        },
        DeadLetterStoreConformance("without a tenant it is the default one's") { store in
            _ = try await store.kept(.sample(tenant: nil))
            #expect(try await store.list(DeadLetterFilter(tenants: ["default"])).count == 1)
            #expect(try await store.count(DeadLetterFilter(tenants: ["default"])) == 1)
        },
        DeadLetterStoreConformance("each filter leaves out what it does not mean") { store in
            let wanted = try await store.kept(
                .sample(errorType: "too_large", reason: "/a/b: no", key: "a.b.low", tenant: "acme")
            )
            let other = try await store.kept(.sample(key: "a.low"))
            _ = try await store.kept(.sample(key: "batch"))
            _ = try await store.kept(.sample(queue: "sandmill.dead", key: nil))
            for filter in [
                DeadLetterFilter(ids: [wanted.id, 1_000_000]),
                DeadLetterFilter(errorTypes: ["too_large", "given_up"]),
                DeadLetterFilter(reason: "/a/b"),
                DeadLetterFilter(pools: ["a.b"]),
                DeadLetterFilter(tenants: ["acme"]),
                DeadLetterFilter(ids: [wanted.id, other.id], tenants: ["acme"]),
            ] {
                #expect(try await store.list(filter).map(\.id) == [wanted.id], "\(filter)")
            }
            #expect(try await store.list(DeadLetterFilter(ids: [])).isEmpty)
            #expect(try await store.list(DeadLetterFilter(pools: ["a"], tenants: ["acme"])).isEmpty)
        },
        DeadLetterStoreConformance("a batch's letters are its own and those that name it") {
            store in
            let batch = UUID.random()
            let member = try await store.kept(
                .sample(body: .complete(Array(#"{"batch": {"id": "\#(batch.text)"}}"#.utf8)))
            )
            let reasoned = try await store.kept(
                .sample(reason: "/executions/3 of batch \(batch.text): no")
            )
            let whole = try await store.kept(.sample(messageID: batch.text.uppercased()))
            let binary = try await store.kept(
                .sample(body: .complete([0xFF, 0x00] + Array(batch.text.utf8)))
            )
            _ = try await store.kept(.sample(reason: "\(UUID.random().text)"))
            let found = try await store.list(DeadLetterFilter(batch: batch))
            #expect(found.map(\.id) == [binary.id, whole.id, reasoned.id, member.id])
            let others = DeadLetterFilter(tenants: ["other"], batch: batch)
            #expect(try await store.list(others).isEmpty)
        },
        DeadLetterStoreConformance("a letter just kept is new") { store in
            _ = try await store.kept(.sample())
            #expect(try await store.list(DeadLetterFilter(newerThan: .seconds(3_600))).count == 1)
            #expect(try await store.list(DeadLetterFilter(olderThan: .seconds(3_600))).isEmpty)
        },
    ]

    private static let requeueing = [
        DeadLetterStoreConformance("a letter becomes the message that it was") { store in
            let letter = DeadLetter.sample()
            let id = try await store.kept(letter).id
            #expect(try await store.requeue([id], as: Revision()) == [.requeued])
            let messages = try await store.lease(by: "w1", holding: [], limit: 10).map(\.message)
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
            #expect(try await store.letter(id) == nil)
        },
        DeadLetterStoreConformance("headers without a meaning are not sent to the broker") {
            store in
            var letter = DeadLetter.sample(tenant: "acme")
            for header in ["x-mine", "x-death", "CC"] { letter.properties.headers[header] = "2" }
            let id = try await store.kept(letter).id
            _ = try await store.requeue([id], as: Revision())
            let message = try #require(
                await store.lease(by: "w1", holding: [], limit: 10).first?.message
            )
            #expect(message.properties.headers == ["tenant": "acme"])
        },
        DeadLetterStoreConformance("an event goes back to those who wait for it") { store in
            var event = DeadLetter.sample(key: "execution.failed.python.acme")
            event.exchange = .events
            let kept = try await store.kept(event)
            #expect(kept.letter.exchange == .events)
            _ = try await store.requeue([kept.id], as: Revision())
            let message = try #require(
                await store.lease(by: "w1", holding: [], limit: 10).first?.message
            )
            #expect(message.exchange == .events)
            #expect(message.routingKey == "execution.failed.python.acme")
        },
        DeadLetterStoreConformance("another body and another key replace its own") { store in
            let id = try await store.kept(.sample(key: "lost.high")).id
            let revision = Revision(body: [0, 255], routingKey: "python.low")
            #expect(try await store.requeue([id], as: revision) == [.requeued])
            let message = try #require(
                await store.lease(by: "w1", holding: [], limit: 10).first?.message
            )
            #expect(message.body == [0, 255])
            #expect(message.routingKey == "python.low")
            #expect(message.properties == DeadLetter.sample().properties)
        },
        DeadLetterStoreConformance("a key that nobody takes is a key") { store in
            let id = try await store.kept(.sample(key: "lost.urgent")).id
            #expect(try await store.requeue([id], as: Revision()) == [.requeued])
            let message = try #require(
                await store.lease(by: "w1", holding: [], limit: 10).first?.message
            )
            #expect(message.routingKey == "lost.urgent")
        },
        DeadLetterStoreConformance("a beginning stays until there is a body") { store in
            let body = Delivery.Body.oversized(prefix: [1], size: .mebibytes(1), sha256: "ab")
            let id = try await store.kept(.sample(body: body)).id
            #expect(try await store.requeue([id], as: Revision()) == [.incomplete])
            #expect(try await store.lease(by: "w1", holding: [], limit: 10).isEmpty)
            #expect(try await store.letter(id) != nil)
            #expect(try await store.requeue([id], as: Revision(body: [1])) == [.requeued])
        },
        DeadLetterStoreConformance("a letter of which no key is known stays") { store in
            let id = try await store.kept(.sample(queue: "sandmill.dead", key: nil)).id
            #expect(try await store.requeue([id], as: Revision()) == [.unaddressed])
            #expect(try await store.letter(id) != nil)
            let revision = Revision(routingKey: "python.low")
            #expect(try await store.requeue([id], as: revision) == [.requeued])
        },
        DeadLetterStoreConformance("each of several has its outcome") { store in
            let body = Delivery.Body.oversized(prefix: [1], size: .mebibytes(1), sha256: "ab")
            let first = try await store.kept(.sample()).id
            let second = try await store.kept(.sample(body: body)).id
            let third = try await store.kept(.sample()).id
            #expect(
                try await store.requeue([third, 1_000_000, second, first], as: Revision())
                    == [.requeued, .unknown, .incomplete, .requeued]
            )
            #expect(try await store.lease(by: "w1", holding: [], limit: 10).count == 2)
            #expect(try await store.list(DeadLetterFilter()).map(\.id) == [second])
        },
        DeadLetterStoreConformance("a letter goes once") { store in
            let id = try await store.kept(.sample()).id
            let outcomes = try await withThrowingTaskGroup(of: [RequeueOutcome].self) { group in
                for _ in 0..<4 {
                    group.addTask { try await store.requeue([id], as: Revision()) }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(outcomes.count { $0 == .requeued } == 1)
            #expect(try await store.lease(by: "w1", holding: [], limit: 10).count == 1)
        },
    ]

    private static let purging = [
        DeadLetterStoreConformance("what is purged is gone, and nothing else") { store in
            let first = try await store.kept(.sample()).id
            let second = try await store.kept(.sample()).id
            #expect(try await store.purge([first, 1_000_000]) == [first])
            #expect(try await store.list(DeadLetterFilter()).map(\.id) == [second])
            #expect(try await store.lease(by: "w1", holding: [], limit: 10).isEmpty)
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
        messageID: String = "17",
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
