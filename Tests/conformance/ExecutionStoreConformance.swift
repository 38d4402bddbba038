import FoundationEssentials
import SandmillEntity
import SandmillService
import Testing

extension Conformance<Stores> {
    /// What every `ExecutionStore` has to do.
    public static let ofExecutionStores =
        claiming + conflicts + ending + retrying + taking + batching

    private static let claiming: [Conformance] = [
        Conformance("a first claim is the first attempt") { stores in
            let claim = Claim.sample(worker: "w1")
            let grant = try await stores.grant(claim)
            #expect(grant.attempt == 1)
            let record = try #require(await stores.executions.execution(claim.submission.id))
            #expect(record.state == .running)
            #expect(record.worker == "w1")
            #expect(record.attempt == 1)
            #expect(record.submittedAt == grant.submittedAt)
            #expect(record.startedAt == grant.startedAt)
            #expect(record.isHeld)
            #expect(record.told.state == .queued && record.told.worker == "w1")
            #expect(record.told.attempt == 0 && record.told.startedAt == nil)
            #expect(record.result == nil)
        },
        Conformance("what is claimed is queued until its program starts, and then runs since then")
        {
            (stores: Stores) async throws in
            let claim = Claim.sample(worker: "w1")
            let grant = try await stores.grant(claim)
            let start = grant.startedAt + 2
            let attempt = RunningAttempt(
                id: claim.submission.id,
                attempt: grant.attempt,
                token: claim.token,
                startedAt: start
            )
            var stale = attempt
            stale.attempt += 1
            try await stores.executions.markSandboxed([stale])
            var record = try #require(await stores.executions.execution(claim.submission.id))
            #expect(record.told.state == .queued)
            try await stores.executions.markSandboxed([attempt])
            record = try #require(await stores.executions.execution(claim.submission.id))
            #expect(record.told.state == .running && record.told.attempt == 1)
            #expect(record.told.startedAt == start)
        },
        Conformance("what ends before its program started has no start and no attempt") {
            (stores: Stores) async throws in
            let claim = Claim.sample(worker: "w1")
            try await stores.grant(claim)
            var end = FinishedExecution.sample(claim)
            (end.document.attempt, end.document.startedAt) = (0, nil)
            _ = try await stores.executions.finish([end])
            let record = try #require(await stores.executions.execution(claim.submission.id))
            #expect(record.state == .cancelled)
            #expect(record.attempt == 0 && record.startedAt == nil)
        },
        Conformance("the same claim made again gets the same attempt") { stores in
            let claim = Claim.sample()
            let first = try await stores.claim(claim)
            #expect(try await stores.claim(claim) == first)
        },
        Conformance("another claim is a duplicate while it runs and after its end") { stores in
            let claim = Claim.sample()
            try await stores.grant(claim)
            let again = claim.redelivered()
            #expect(try await stores.claim(again) == .duplicate)
            _ = try await stores.executions.finish([.sample(claim)])
            #expect(try await stores.executions.claim([again, claim]) == [.duplicate, .duplicate])
        },
        Conformance("the same id several times in a group runs once") { stores in
            let claim = Claim.sample()
            let other = Claim.sample(id: claim.submission.id, body: "{}")
            let outcomes = try await stores.executions.claim([claim, claim.redelivered(), other])
            #expect(outcomes[0].attempt == 1)
            #expect(outcomes[1] == .duplicate)
            #expect(outcomes[2].isConflict)
        },
        Conformance("an id of another tenant is not in the way") { stores in
            let id = UUID()
            try await stores.grant(.sample(id: id))
            let claim = Claim.sample(id: id, tenant: "other")
            guard case .taken(let other) = try await stores.claim(claim) else {
                Issue.record("the id is in the way")
                return
            }
            #expect(other.submission.id != id)
            #expect(try await stores.claim(other).attempt == 1)
            #expect(try await stores.claim(claim) == .taken(other))
        },
        Conformance("a request for later is deferred and queued") {
            (stores: Stores) async throws in
            let later = Date(timeIntervalSince1970: 4_922_899_200)
            let claim = Claim.sample(notBefore: later)
            #expect(try await stores.claim(claim) == .deferred)
            #expect(try await stores.claim(claim.redelivered()) == .deferred)
            #expect(try await stores.state(of: claim) == .queued)
            #expect(try await stores.executions.parkDue(limit: 9) == 0)
            #expect(try await stores.lease().isEmpty)
        },
        Conformance("a group with what cannot be stored stores nothing") {
            (stores: Stores) async throws in
            let good = Claim.sample()
            let bad = Claim.sample(tenant: "\0")
            let error = await #expect(throws: StoreError.self) {
                try await stores.executions.claim([good, bad])
            }
            #expect(error?.code == .unstorable)
            #expect(try await stores.state(of: good) == nil)
        },
        Conformance("odd properties and bodies are kept exactly") { stores in
            var claim = Claim.sample(headers: ["traceparent": "\0\u{1F986}'\\"])
            claim.request.body = [0, 255, 39, 92, 0]
            try await stores.grant(claim)
            try await stores.executions.retry([.sample(claim)])
            let message = try #require(await stores.lease().first?.message)
            #expect(message.properties == claim.request.properties)
            #expect(message.body == claim.request.body)
        },
        Conformance("what goes to its queue is leased to who put it there") { stores in
            let claim = Claim.sample(intent: .queue)
            guard case .queued(let row) = try await stores.claim(claim) else {
                Issue.record("it is not queued")
                return
            }
            #expect(row.message.exchange == .submit)
            #expect(row.message.routingKey == "python.normal")
            #expect(row.message.properties == claim.request.properties)
            #expect(row.message.body == claim.request.body)
            #expect(try await stores.lease(by: "w2").isEmpty)
            #expect(try await stores.claim(claim.redelivered().meant(.queue)) == .duplicate)
            #expect(try await stores.claim(claim.redelivered().meant(.park)) == .parked)
            #expect(try await stores.take(9).count == 1)
        },
        Conformance("what is known and waits is left to others by who takes only what is new") {
            stores in
            let claim = Claim.sample(intent: .queue)
            _ = try await stores.claim(claim)
            for intent in [Claim.Intent.run, .park] {
                var again = claim.redelivered().meant(intent)
                again.takesKnown = false
                #expect(try await stores.claim(again) == .duplicate)
            }
            #expect(try await stores.take(9).isEmpty)
            #expect(try await stores.claim(claim.redelivered()).attempt == 1)
        },
        Conformance("who takes only what is new gets it, again too") { stores in
            var claim = Claim.sample()
            claim.takesKnown = false
            let first = try await stores.claim(claim)
            #expect(first.attempt == 1)
            #expect(try await stores.claim(claim) == first)
        },
    ]

    private static let conflicts: [Conformance] = [
        Conformance("the same id with another body is a conflict, and the first stands") { stores in
            let claim = Claim.sample()
            let other = Claim.sample(id: claim.submission.id, body: "{}")
            try await stores.grant(claim)
            #expect(try await stores.claim(other).isConflict)
            _ = try await stores.executions.finish([.sample(claim)])
            #expect(try await stores.claim(other).isConflict)
            #expect(try await stores.state(of: claim) == .cancelled)
        },
        Conformance("the same id in another pool is a conflict") { stores in
            let claim = Claim.sample()
            try await stores.grant(claim)
            let other = Claim.sample(id: claim.submission.id, pool: "other")
            #expect(try await stores.claim(other).isConflict)
        },
        Conformance("another size or tenant for a known batch is a conflict") {
            (stores: Stores) async throws in
            let batch = UUID()
            func claim(size: Int, tenant: String = "default") -> Claim {
                let membership = Submission.Membership(id: batch, size: size)
                return .sample(tenant: tenant, batch: membership)
            }
            #expect(try await stores.claim(claim(size: 2)).attempt == 1)
            for stranger in [claim(size: 3), claim(size: 2, tenant: "other")] {
                #expect(try await stores.claim(stranger).isConflict)
                #expect(try await stores.state(of: stranger) == nil)
            }
        },
    ]

    private static let ending: [Conformance] = [
        Conformance("an end is recorded and its events are in the outbox") { stores in
            let claim = Claim.sample()
            try await stores.grant(claim)
            let end = FinishedExecution.sample(claim)
            let rows = try await stores.executions.finish([end])
            #expect(rows.map(\.message) == end.events)
            let record = try #require(await stores.executions.execution(claim.submission.id))
            #expect(record.state == .cancelled)
            #expect(record.finishedAt == end.document.finishedAt)
            #expect(record.result == String(decoding: end.encodedDocument, as: UTF8.self))
        },
        Conformance("events are leased to who ended the execution") { stores in
            let claim = Claim.sample()
            try await stores.grant(claim)
            _ = try await stores.executions.finish([.sample(claim)])
            #expect(try await stores.lease(by: "w2").isEmpty)
        },
        Conformance("a second end changes nothing") { stores in
            let claim = Claim.sample()
            try await stores.grant(claim)
            let end = FinishedExecution.sample(claim)
            #expect(try await stores.executions.finish([end]).count == 1)
            #expect(try await stores.executions.finish([end]).isEmpty)
        },
        Conformance("another attempt's end or failure changes nothing") { stores in
            let claim = Claim.sample()
            try await stores.grant(claim)
            try await stores.executions.retry([.sample(claim)])
            let again = claim.redelivered(to: claim.worker)
            #expect(try await stores.claim(again).attempt == 2)
            for attempt in [1, 3] {
                #expect(
                    try await stores.executions.finish([.sample(again, attempt: attempt)]).isEmpty
                )
                try await stores.executions.retry([.sample(again, attempt: attempt)])
                #expect(try await stores.state(of: claim) == .running)
            }
            #expect(try await stores.executions.finish([.sample(again, attempt: 2)]).count == 1)
        },
        Conformance("another worker's end or failure changes nothing") { stores in
            let claim = Claim.sample()
            try await stores.grant(claim)
            let other = claim.redelivered(to: "w2")
            #expect(try await stores.executions.finish([.sample(other)]).isEmpty)
            try await stores.executions.retry([.sample(other)])
            #expect(try await stores.state(of: claim) == .running)
        },
        Conformance("what is queued is ended only as what is queued") {
            (stores: Stores) async throws in
            let claim = Claim.sample(intent: .park)
            #expect(try await stores.claim(claim) == .parked)
            #expect(try await stores.executions.finish([.sample(claim, attempt: 0)]).isEmpty)
            let end = FinishedExecution.sample(claim, attempt: 0, wasQueued: true)
            #expect(try await stores.executions.finish([end]).count == 1)
            #expect(try await stores.executions.finish([end]).isEmpty)
            #expect(try await stores.take(9).isEmpty)
        },
    ]

    private static let retrying: [Conformance] = [
        Conformance("a failed attempt queues its request again") { stores in
            let claim = Claim.sample()
            try await stores.grant(claim)
            try await stores.executions.retry([.sample(claim)])
            let record = try #require(await stores.executions.execution(claim.submission.id))
            #expect(record.state == .queued)
            #expect(record.worker == nil)
            let rows = try await stores.lease()
            #expect(rows.map(\.message.body) == [claim.request.body])
            #expect(rows.map(\.message.properties) == [claim.request.properties])
            #expect(rows.map(\.message.routingKey) == ["python.normal"])
            #expect(try await stores.claim(claim.redelivered()).attempt == 2)
        },
        Conformance("the next attempt waits for the delay, whoever asks for it") { stores in
            let claim = Claim.sample()
            try await stores.grant(claim)
            try await stores.executions.retry([.sample(claim, delay: .seconds(600))])
            #expect(try await stores.lease().isEmpty)
            #expect(try await stores.claim(claim.redelivered()) == .deferred)
            #expect(try await stores.executions.parkDue(limit: 9) == 0)
            #expect(try await stores.take(9).isEmpty)
            #expect(try await stores.state(of: claim) == .queued)
        },
        Conformance("the next attempt of what is cancelled waits for nothing") { stores in
            let claim = Claim.sample()
            try await stores.grant(claim)
            _ = try await stores.cancel(claim)
            try await stores.executions.retry([.sample(claim, delay: .seconds(600))])
            #expect(try await stores.lease().count == 1)
        },
        Conformance("what ended by a fault that lasts is not counted") { stores in
            let claim = Claim.sample()
            for (attempt, isCounted) in [(1, false), (2, true), (3, false)] {
                try await stores.grant(claim.redelivered(to: claim.worker))
                var failed = FailedAttempt.sample(claim, attempt: attempt)
                failed.isCounted = isCounted
                try await stores.executions.retry([failed])
            }
            let grant = try await stores.grant(claim)
            #expect(grant.uncountedAttempts == 2)
            #expect(grant.retries == 0)
        },
        Conformance("what is run again because its request asks for it is counted apart") {
            stores in
            let claim = Claim.sample()
            try await stores.grant(claim)
            var failed = FailedAttempt.sample(claim)
            failed.outcome = Outcome(.failed, .exitCode, exitCode: 1)
            try await stores.executions.retry([failed])
            let grant = try await stores.grant(claim)
            #expect(grant.retries == 1)
            #expect(grant.attempt == 2)
        },
    ]

    private static let taking: [Conformance] = [
        Conformance("what waits is taken with its request, once") { stores in
            let claim = Claim.sample(intent: .park)
            #expect(try await stores.claim(claim) == .parked)
            #expect(try await stores.executions.parked(pool: "other", upTo: 9).isEmpty)
            let size = ByteCount(claim.request.body.count)
            #expect(
                try await stores.executions.parked(pool: "python", upTo: 9)
                    == [Lane(level: .normal, tenant: "default"): LaneBacklog(count: 1, size: size)]
            )
            let taken = try await stores.take(9, worker: "w2")
            #expect(taken.map(\.request) == [claim.request])
            #expect(taken.map(\.grant.attempt) == [1])
            #expect(taken.map(\.unrunnable.record.worker) == ["w2"])
            #expect(taken.map(\.isLimited) == [false])
            #expect(try await stores.take(9).isEmpty)
            #expect(try await stores.executions.parked(pool: "python", upTo: 9).isEmpty)
        },
        Conformance("the same request for executions gets the same again if it says so") { stores in
            _ = try await stores.executions.claim((0..<5).map { _ in .sample(intent: .park) })
            var request = TakeRequest(
                token: UUID(),
                worker: "w1",
                pool: "python",
                count: 2,
                held: [:]
            )
            let first = try await stores.executions.take(request)
            request.isRepeated = true
            let again = try await stores.executions.take(request)
            #expect(first.count == 2)
            #expect(
                Set(again.map(\.unrunnable.record.id)) == Set(first.map(\.unrunnable.record.id))
            )
            #expect(again.allSatisfy { $0.grant.attempt == 1 })
        },
        Conformance("a tenant of which a worker has nothing comes before another's backlog") {
            stores in
            _ = try await stores.executions.claim(
                (0..<200).map { _ in .sample(intent: .park, tenant: "large") }
            )
            let small = (0..<2).map { _ in Claim.sample(intent: .park, tenant: "small") }
            _ = try await stores.executions.claim(small)
            let held = [Lane(level: .normal, tenant: "large"): 40]
            let next = try await stores.take(1, held: held)
            #expect(next.map(\.lane.tenant) == ["small"])
            let newcomers = try await stores.take(0, newcomers: 4, held: held)
            #expect(newcomers.map(\.lane.tenant) == ["small"])
        },
        Conformance("what a worker holds of levels is by their weights") { stores in
            for level in Level.allCases {
                let claims = (0..<100).map { _ in Claim.sample(intent: .park, level: level) }
                _ = try await stores.executions.claim(claims)
            }
            let taken = try await stores.take(51)
            let levels = Dictionary(grouping: taken, by: \.lane.level).mapValues(\.count)
            #expect(levels == [.high: 36, .normal: 12, .low: 3])
        },
    ]

    private static let batching: [Conformance] = [
        Conformance("the last member completes its batch, once") { stores in
            let batch = Submission.Membership(id: UUID(), size: 3)
            let claims = (0..<3).map { _ in Claim.sample(batch: batch) }
            _ = try await stores.executions.claim(claims)
            let first = try await stores.executions.finish([.sample(claims[0])])
            let rest = try await stores.executions.finish(claims[1...].map { .sample($0) })
            let isCompletion = { (row: OutboxMessage) in
                row.message.routingKey == "batch.completed.python.default"
            }
            #expect(first.count(where: isCompletion) == 0)
            #expect(rest.count(where: isCompletion) == 1)
            let record = try #require(await stores.executions.batch(batch.id))
            #expect(record.pending == 0)
            #expect(record.counts == [.cancelled: 3])
        }
    ]
}
