import FoundationEssentials
import SandmillEntity
import SandmillService
import Testing

/// What every ``ExecutionStore`` has to do, whatever it is made of.
struct ExecutionStoreConformance: Sendable, CustomTestStringConvertible {
    typealias Store = ExecutionStore & Outbox

    let testDescription: String
    let check: @Sendable (any Store) async throws -> Void

    private init(
        _ description: String,
        _ check: @escaping @Sendable (any Store) async throws -> Void
    ) {
        testDescription = description
        self.check = check
    }

    static let all: [ExecutionStoreConformance] = claiming + ending + batching

    private static let claiming = [
        ExecutionStoreConformance("a first claim is the first attempt") { store in
            let claim = try Claim.sample(.sample(UUID()))
            #expect(try await store.claim(claim).attempt == 1)
            let record = try #require(await store.execution(claim.submission.id))
            #expect(record.state == .running)
            #expect(record.worker == "w1")
        },
        ExecutionStoreConformance("the same claim made again gets the same attempt") { store in
            let claim = try Claim.sample(.sample(UUID()))
            let first = try await store.claim(claim)
            #expect(try await store.claim(claim) == first)
        },
        ExecutionStoreConformance("another claim of the same request is a duplicate") { store in
            let request = RequestMessage.sample(UUID())
            _ = try await store.claim(.sample(request))
            #expect(try await store.claim(.sample(request, worker: "w2")) == .duplicate)
        },
        ExecutionStoreConformance("of two claims in one group one is a duplicate") { store in
            let request = RequestMessage.sample(UUID())
            let outcomes = try await store.claim([.sample(request), .sample(request)])
            #expect(outcomes.compactMap(\.attempt) == [1])
            #expect(outcomes.contains(.duplicate))
        },
        ExecutionStoreConformance("the same id with another body is a conflict") { store in
            let id = UUID()
            _ = try await store.claim(.sample(.sample(id, source: "first")))
            let outcome = try await store.claim(.sample(.sample(id, source: "second")))
            #expect(outcome.isConflict)
        },
        ExecutionStoreConformance("an id of another tenant is not in the way") { store in
            let id = UUID()
            _ = try await store.claim(.sample(.sample(id)))
            let claim = try Claim.sample(.sample(id, tenant: "other"))
            guard case .taken(let other) = try await store.claim(claim) else {
                Issue.record("the id is in the way")
                return
            }
            #expect(other.submission.id != id)
            #expect(try await store.claim(other).attempt == 1)
            #expect(try await store.claim(claim) == .taken(other))
        },
        ExecutionStoreConformance("an ended execution is a duplicate, not a new run") { store in
            let claim = try Claim.sample(.sample(UUID()))
            _ = try await store.claim(claim)
            _ = try await store.finish([.sample(claim, attempt: 1)])
            #expect(try await store.claim(.sample(claim.request)) == .duplicate)
        },
        ExecutionStoreConformance("a request for later is deferred and queued") { store in
            let later = "\"not_before\": \"2126-01-01T00:00:00Z\""
            let claim = try Claim.sample(.sample(UUID(), fields: later))
            #expect(try await store.claim(claim) == .deferred)
            #expect(try await store.execution(claim.submission.id)?.state == .queued)
            #expect(try await store.lease(by: "w1", holding: [], limit: 10).isEmpty)
        },
        ExecutionStoreConformance("a group with what cannot be stored stores nothing") { store in
            let good = try Claim.sample(.sample(UUID()))
            let bad = try Claim.sample(.sample(UUID(), replyTo: "\0"))
            let error = await #expect(throws: StoreError.self) {
                try await store.claim([good, bad])
            }
            #expect(error?.code == .unstorable)
            #expect(try await store.execution(good.submission.id) == nil)
        },
    ]

    private static let ending = [
        ExecutionStoreConformance("an end is recorded and its events are in the outbox") { store in
            let claim = try Claim.sample(.sample(UUID()))
            _ = try await store.claim(claim)
            let end = FinishedExecution.sample(claim, attempt: 1)
            let rows = try await store.finish([end])
            #expect(rows.map(\.message) == end.events)
            let record = try #require(await store.execution(claim.submission.id))
            #expect(record.state == .cancelled)
            #expect(record.result != nil)
        },
        ExecutionStoreConformance("events are leased to who ended the execution") { store in
            let claim = try Claim.sample(.sample(UUID()))
            _ = try await store.claim(claim)
            _ = try await store.finish([.sample(claim, attempt: 1)])
            #expect(try await store.lease(by: "w2", holding: [], limit: 10).isEmpty)
        },
        ExecutionStoreConformance("a second end changes nothing") { store in
            let claim = try Claim.sample(.sample(UUID()))
            _ = try await store.claim(claim)
            _ = try await store.finish([.sample(claim, attempt: 1)])
            #expect(try await store.finish([.sample(claim, attempt: 1)]).isEmpty)
        },
        ExecutionStoreConformance("another attempt's end changes nothing") { store in
            let claim = try Claim.sample(.sample(UUID()))
            _ = try await store.claim(claim)
            #expect(try await store.finish([.sample(claim, attempt: 2)]).isEmpty)
            #expect(try await store.execution(claim.submission.id)?.state == .running)
        },
        ExecutionStoreConformance("another worker's end changes nothing") { store in
            var claim = try Claim.sample(.sample(UUID()))
            _ = try await store.claim(claim)
            claim.worker = "w2"
            #expect(try await store.finish([.sample(claim, attempt: 1)]).isEmpty)
        },
        ExecutionStoreConformance("a failed attempt queues its request again") { store in
            let claim = try Claim.sample(.sample(UUID()))
            _ = try await store.claim(claim)
            try await store.retry([.sample(claim, attempt: 1)])
            let rows = try await store.lease(by: "w1", holding: [], limit: 10)
            #expect(rows.map(\.message.body) == [claim.request.body])
            #expect(rows.map(\.message.properties) == [claim.request.properties])
            #expect(rows.map(\.message.routingKey) == ["python.normal"])
            #expect(try await store.claim(.sample(claim.request)).attempt == 2)
        },
        ExecutionStoreConformance("a stale attempt's failure changes nothing") { store in
            let claim = try Claim.sample(.sample(UUID()))
            _ = try await store.claim(claim)
            try await store.retry([.sample(claim, attempt: 2)])
            #expect(try await store.execution(claim.submission.id)?.state == .running)
        },
        ExecutionStoreConformance("a leased row is nobody else's, and a removed one is gone") {
            store in
            let claim = try Claim.sample(.sample(UUID()))
            _ = try await store.claim(claim)
            try await store.retry([.sample(claim, attempt: 1)])
            let rows = try await store.lease(by: "w1", holding: [], limit: 10)
            #expect(try await store.lease(by: "w2", holding: [], limit: 10).isEmpty)
            try await store.remove(rows.map(\.id))
            #expect(rows.count == 1)
        },
        ExecutionStoreConformance("what ended by a fault that lasts is not counted") { store in
            let claim = try Claim.sample(.sample(UUID()))
            for (attempt, isCounted) in [(1, false), (2, true), (3, false)] {
                _ = try await store.claim(claim)
                var failed = FailedAttempt.sample(claim, attempt: attempt)
                failed.isCounted = isCounted
                try await store.retry([failed])
            }
            guard case .claimed(let grant) = try await store.claim(claim) else {
                Issue.record("it cannot be claimed again")
                return
            }
            #expect(grant.uncountedAttempts == 2)
        },
    ]

    private static let batching = [
        ExecutionStoreConformance("the last member completes its batch, once") { store in
            let batch = UUID()
            let fields = "\"batch\": {\"id\": \"\(batch)\", \"size\": 3}"
            let claims = try (0..<3).map { _ in try Claim.sample(.sample(UUID(), fields: fields)) }
            _ = try await store.claim(claims)
            let first = try await store.finish([.sample(claims[0], attempt: 1)])
            let rest = try await store.finish(claims[1...].map { .sample($0, attempt: 1) })
            let isCompletion = { (row: OutboxMessage) in
                row.message.routingKey == "batch.completed.python.default"
            }
            #expect(first.count(where: isCompletion) == 0)
            #expect(rest.count(where: isCompletion) == 1)
            let record = try #require(await store.batch(batch))
            #expect(record.pending == 0)
            #expect(record.counts == [.cancelled: 3])
        },
        ExecutionStoreConformance("another size for a known batch is a conflict") { store in
            let batch = UUID()
            let outcomes = try await [2, 3].asyncMap { size in
                try await store.claim(
                    .sample(
                        .sample(
                            UUID(),
                            fields: "\"batch\": {\"id\": \"\(batch)\", \"size\": \(size)}"
                        )
                    )
                )
            }
            #expect(outcomes.map(\.isConflict) == [false, true])
        },
    ]
}

extension FailedAttempt {
    fileprivate static func sample(_ claim: Claim, attempt: Int) -> FailedAttempt {
        FailedAttempt(
            id: claim.submission.id,
            attempt: attempt,
            worker: claim.worker,
            outcome: Outcome(.errored, .sandboxLost),
            delay: .zero
        )
    }
}

extension ClaimOutcome {
    fileprivate var attempt: Int? {
        if case .claimed(let grant) = self { grant.attempt } else { nil }
    }

    fileprivate var isConflict: Bool {
        if case .conflict = self { true } else { false }
    }
}

extension ExecutionStore {
    fileprivate func claim(_ claim: Claim) async throws -> ClaimOutcome {
        try #require(try await self.claim([claim]).first)
    }
}

extension Array {
    fileprivate func asyncMap<Value>(
        _ transform: (Element) async throws -> Value
    ) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
