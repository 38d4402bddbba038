import Foundation
import PostgreSQL
import SandmillEntity
import SandmillService
import StoreConformance
import Testing

@testable import SandmillRepository

/// What waits in the store, and who gets it next.
@Suite("What waits in the store", .serialized, .timeLimit(.minutes(5)))
struct TakeTests {
    private func takeRequest(
        _ count: Int,
        worker: String = "worker-a",
        token: UUID = UUID(),
        held: [Lane: Int] = [:]
    ) -> TakeRequest {
        TakeRequest(token: token, worker: worker, pool: "python", count: count, held: held)
    }

    private func park(
        _ count: Int,
        in store: RecordStore,
        tenant: String = "default",
        level: Level = .normal
    ) async throws -> [Claim] {
        let claims = (0..<count).map { _ in
            Claim.sample(intent: .park, tenant: tenant, level: level)
        }
        for start in stride(from: 0, to: count, by: 256) {
            let group = Array(claims[start..<min(start + 256, count)])
            let outcomes = try await store.executions.claim(group)
            #expect(outcomes.allSatisfy { $0 == .parked })
        }
        return claims
    }

    @Test func itIsTakenAsItsFirstAttemptWithItsRequest() async throws {
        try await RecordStore.with { store in
            let claims = try await park(3, in: store)
            #expect(try await store.executions.execution(claims[0].submission.id)?.state == .queued)
            #expect(try await store.executions.parkedCount(pool: "python", upTo: 2) == 2)
            let taken = try await store.executions.take(takeRequest(10))
            #expect(Set(taken.map(\.unrunnable.record.id)) == Set(claims.map(\.submission.id)))
            #expect(taken.allSatisfy { $0.grant.attempt == 1 && $0.grant.decidedEnd == nil })
            #expect(taken.allSatisfy { $0.request.body == claims[0].request.body })
            #expect(taken.allSatisfy { !$0.isLimited })
            let record = try #require(
                await store.executions.execution(claims[0].submission.id)
            )
            #expect(record.state == .running)
            #expect(record.worker == "worker-a")
            #expect(try await store.executions.parkedCount(pool: "python", upTo: 9) == 0)
            #expect(try await store.executions.take(takeRequest(10)).isEmpty)
            #expect(try await store.executions.finish([.sample(claims[0])]).count == 1)
        }
    }

    @Test func nothingOfItIsInTheOutbox() async throws {
        try await RecordStore.with { store in
            _ = try await park(1, in: store)
            #expect(try await store.value("select count(*) from outbox") == 0)
        }
    }

    @Test func twoWorkersNeverGetTheSame() async throws {
        try await RecordStore.with { store in
            _ = try await park(200, in: store)
            let taken = try await withThrowingTaskGroup(of: [TakenExecution].self) { group in
                // A worker takes once at a time.
                for worker in 0..<4 {
                    group.addTask {
                        var taken: [TakenExecution] = []
                        for _ in 0..<10 {
                            taken += try await store.executions.take(
                                takeRequest(5, worker: "w\(worker)")
                            )
                        }
                        return taken
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(taken.count == 200)
            #expect(Set(taken.map(\.unrunnable.record.id)).count == 200)
        }
    }

    @Test func whatAnotherClaimsMeanwhileIsNotTaken() async throws {
        try await RecordStore.with { store in
            let claim = try await park(1, in: store)[0]
            let taken = try await store.pool.withConnection { session in
                try session.execute(script: "begin")
                try session.query(
                    """
                    update executions
                    set state = 'running', waits = 'broker', worker = 'worker-b', attempt = 1
                    """
                )
                async let taken = store.executions.take(takeRequest(9))
                let isWaitedFor = """
                    select exists (
                        select from pg_locks
                        where not granted and pg_backend_pid() = any(pg_blocking_pids(pid)))
                    """
                while try !session.query(isWaitedFor)[0][0], !Task.isCancelled {}
                try session.execute(script: "commit")
                return try await taken
            }
            #expect(taken.isEmpty)
            let record = try await store.executions.execution(claim.submission.id)
            #expect(record?.worker == "worker-b")
            #expect(record?.attempt == 1)
        }
    }

    @Test func whatIsNotDueIsNotTaken() async throws {
        try await RecordStore.with { store in
            _ = try await park(1, in: store)
            try await store.pool.query(
                "update executions set available_at = now() + interval '1 h'"
            )
            #expect(try await store.executions.take(takeRequest(9)).isEmpty)
            try await store.pool.query("update executions set available_at = now()")
            #expect(try await store.executions.take(takeRequest(9)).count == 1)
        }
    }

    @Test func aHighOneComesNextBehindManyLowOnes() async throws {
        try await RecordStore.with { store in
            _ = try await park(1_000, in: store, level: .low)
            let high = try await park(1, in: store, level: .high)
            let held = [Lane(level: .low, tenant: "default"): 1]
            let taken = try await store.executions.take(takeRequest(1, held: held))
            #expect(taken.map(\.unrunnable.record.id) == high.map(\.submission.id))
        }
    }

    @Test func everyLaneIsRepresentedInAWorkersHands() async throws {
        try await RecordStore.with { store in
            for level in Level.allCases {
                for tenant in ["a", "b", "c"] {
                    _ = try await park(20, in: store, tenant: tenant, level: level)
                }
            }
            let taken = try await store.executions.take(takeRequest(18))
            let lanes = Dictionary(grouping: taken, by: \.lane).mapValues(\.count)
            #expect(lanes.count == 9)
            for (lane, count) in lanes { #expect(count == (lane.level == .high ? 4 : 1)) }
        }
    }

    @Test func whatHasWaitedLongComesBeforeAHigherLevelsNewcomer() async throws {
        try await RecordStore.with { store in
            let low = try await park(1, in: store, level: .low)
            try await store.pool.query(
                "update executions set submitted_at = submitted_at - interval '130 s'"
            )
            _ = try await park(1, in: store, level: .high)
            let taken = try await store.executions.take(takeRequest(1))
            #expect(taken.map(\.unrunnable.record.id) == low.map(\.submission.id))
        }
    }

    @Test func ofALaneTheOldestComesFirst() async throws {
        try await RecordStore.with { store in
            var ids: [UUID] = []
            for _ in 0..<5 {
                ids += try await park(1, in: store).map(\.submission.id)
                try await store.pool.query(
                    "update executions set submitted_at = submitted_at - interval '1 s'"
                )
            }
            for id in ids {
                let taken = try await store.executions.take(takeRequest(1))
                #expect(taken.map(\.unrunnable.record.id) == [id])
            }
        }
    }

    @Test func aDeliveryOfWhatWaitsChangesNothingOrStartsIt() async throws {
        try await RecordStore.with { store in
            let claim = try await park(1, in: store)[0]
            #expect(
                try await store.executions.claim([claim.redelivered().meant(.park)]) == [.parked]
            )
            #expect(
                try await store.executions.claim([claim.redelivered().meant(.queue)])
                    == [.duplicate]
            )
            #expect(try await store.executions.parkedCount(pool: "python", upTo: 9) == 1)
            #expect(try await store.claim(claim.redelivered().meant(.run)) == 1)
            #expect(try await store.executions.take(takeRequest(9)).isEmpty)
        }
    }

    @Test func whatAnEarlierVersionRanDoesNotStandInTheWay() async throws {
        try await RecordStore.with { store in
            _ = try await park(8, in: store)
            // It changes the state and not for what an execution waits.
            try await store.pool.query(
                "update executions set state = 'running', worker = 'old', attempt = 1"
            )
            let queued = try await park(1, in: store)
            let taken = try await store.executions.take(takeRequest(2))
            #expect(taken.map(\.unrunnable.record.id) == queued.map(\.submission.id))
            #expect(try await store.executions.parkedCount(pool: "python", upTo: 99) == 0)
        }
    }

    @Test func fewLargeRequestsAreTakenAtOnce() async throws {
        try await RecordStore.with { store in
            let body = #"{"source": "\#(String(repeating: "x", count: 2_000_000))"}"#
            let claims = (0..<4).map { _ in Claim.sample(intent: .park, body: body) }
            for claim in claims { _ = try await store.executions.claim([claim]) }
            #expect(try await store.executions.take(takeRequest(4)).count == 3)
            #expect(try await store.executions.take(takeRequest(4)).count == 1)
        }
    }

    @Test func whatIsTakenByAWorkerThatDiesIsQueuedAgain() async throws {
        try await RecordStore.with { store in
            let claim = try await park(1, in: store)[0]
            _ = try await store.executions.take(takeRequest(1, worker: "worker-a"))
            try await store.executions.retry([.sample(claim, delay: .zero)])
            #expect(try await store.executions.take(takeRequest(1)).isEmpty)
            #expect(try await store.claim(claim.redelivered()) == 2)
        }
    }

    @Test func whatCannotBeReadEndsAndTheOthersAreTaken() async throws {
        try await RecordStore.with { store in
            let claims = try await park(3, in: store)
            let broken = claims[..<2].map(\.submission.id)
            try await store.pool.query(
                """
                update executions set request_properties = '{"headers": 1}', labels = '[]'
                where id = $1
                """,
                [broken[0]]
            )
            try await store.pool.query(
                "update executions set request_body = null where id = $1",
                [broken[1]]
            )
            let taken = try await store.executions.take(takeRequest(9))
            #expect(taken.count == 3)
            for execution in taken {
                let isBroken = broken.contains(execution.unrunnable.record.id)
                let reason: Outcome.Reason = isBroken ? .unreadableRecord : .unknownPool
                #expect(execution.unrunnable.outcome == Outcome(.errored, reason))
                #expect(
                    execution.request.properties.messageID == nil || !isBroken
                        || execution.request.body.isEmpty
                )
            }
            _ = try await store.cancellations.cancel(broken, tenant: nil, keepsUnknown: false)
            try await store.pool.query(
                "update executions set state = 'queued', worker = null where id = any($1)",
                [broken]
            )
            #expect(try await store.cancellations.overdue(limit: 9).count == 2)
        }
    }

    @Test func anAttemptStartsWhenTheTakeBeforeIsOver() async throws {
        try await RecordStore.with { store in
            _ = try await park(1, in: store)
            let started = try await store.interleave { connection in
                try connection.query(TakeStatement.lock, ["python", nil as Double?, true])
            } with: {
                try await store.executions.take(takeRequest(1)).map(\.grant.startedAt)
            } beforeCommit: { connection in
                try connection.query("create table time as select clock_timestamp() as released_at")
            }
            let released: Date = try await store.value(
                "select date_trunc('milliseconds', released_at) from time"
            )
            #expect(started.count == 1)
            #expect(started[0] >= released)
        }
    }

    @Test func ofManyLanesEachHasItsTurnBeforeAnyHasASecond() async throws {
        try await RecordStore.with { store in
            let lanes = 14 * 7
            #expect(lanes > TakeStatement.lanesPerLevel * 2)
            // Each lane's second is older than the next one's first.
            try await store.parkLanes(lanes, count: 2)
            var order: [Lane] = []
            while order.count < lanes * 2 {
                // Whichever worker takes, and whatever it has of the last lanes.
                let taken = try await store.executions.take(
                    takeRequest(
                        7,
                        worker: "worker-\(order.count % 2)",
                        held: Dictionary(order.suffix(3).map { ($0, 1) }) { $1 }
                    )
                )
                try #require(!taken.isEmpty)
                order += taken.map(\.lane)
            }
            #expect(Set(order.prefix(lanes)).count == lanes)
            #expect(Set(order.suffix(lanes)).count == lanes)
        }
    }

    @Test func aLaneOfAHigherLevelComesBeforeManyOfALower() async throws {
        try await RecordStore.with { store in
            try await store.parkLanes(200, count: 1, level: .low)
            try await store.parkLanes(200, count: 1, level: .normal)
            _ = try await store.executions.take(takeRequest(20))
            let high = try await park(1, in: store, level: .high)
            let taken = try await store.executions.take(takeRequest(1))
            #expect(taken.map(\.unrunnable.record.id) == high.map(\.submission.id))
            try await store.pool.query(
                """
                update executions set submitted_at = submitted_at - interval '5 min'
                where level = 'low' and tenant = (
                    select max(tenant) from (
                        select tenant from executions where level = 'low' and waits = 'store'
                        order by tenant limit 20) as next)
                """
            )
            // The one that has waited for long is behind others of its level, which therefore go on.
            let next = try await store.executions.take(takeRequest(20))
            #expect(next.allSatisfy { $0.lane.level == .low })
        }
    }

    @Test func whoseTurnItWasIsWrittenOnlyWhereNotAllLanesAreLookedAt() async throws {
        try await RecordStore.with { store in
            try await store.parkLanes(TakeStatement.lanesPerLevel - 1, count: 1)
            _ = try await store.executions.take(takeRequest(9))
            #expect(try await store.value("select count(*) from lane_turns") == 0)
            try await store.parkLanes(TakeStatement.lanesPerLevel + 9, count: 1)
            var request = takeRequest(9)
            let first = try await store.executions.take(request)
            let turns = "select count(*) from lane_turns where tenant = 'tenant-000009'"
            #expect(try await store.value(turns) == 1)
            request.isRepeated = true
            let again = try await store.executions.take(request)
            #expect(again.map(\.grant) == first.map(\.grant))
            #expect(try await store.value(turns) == 1)
            _ = try await store.executions.take(takeRequest(9))
            #expect(try await store.value("select max(tenant) from lane_turns") == "tenant-000018")
            #expect(try await store.value("select count(*) from lane_turns") == 1)
        }
    }

    @Test func manyLanesThatAreNotDueHideNoneThatIs() async throws {
        try await RecordStore.with { store in
            try await store.parkLanes(2_000, count: 1, availableIn: 86_400)
            let due = try await park(1, in: store, tenant: "z")
            let taken = try await store.executions.take(takeRequest(4))
            #expect(taken.map(\.unrunnable.record.id) == due.map(\.submission.id))
        }
    }

    @Test func aTakeReadsAsMuchOfTenThousandLanesAsOfAHundred() async throws {
        try await RecordStore.with(connections: 1) { store in
            try await store.parkLanes(100, count: 100, pool: "few")
            try await store.parkLanes(10_000, count: 1, pool: "many")
            try await store.pool.query("analyze executions")
            var pages: [String: Int] = [:]
            for pool in ["few", "many"] {
                var request = takeRequest(16)
                request.pool = pool
                request.newcomers = 20
                pages[pool] = try await store.pages(
                    TakeStatement.sql,
                    TakeStatement.parameters(request)
                )
            }
            let (few, many) = try (#require(pages["few"]), #require(pages["many"]))
            #expect(few < 1_000, "\(few) pages")
            #expect(Double(many) < Double(few) * 1.15, "\(many) pages instead of \(few)")
        }
    }

    /// The plan, since a time says little: no part of it may read all that waits.
    @Test func takingReadsAsManyRowsAsItTakesHoweverManyWait() async throws {
        try await RecordStore.with(connections: 1) { store in
            _ = try await park(2_048, in: store, tenant: "a")
            _ = try await park(512, in: store, tenant: "b", level: .low)
            let before = try await store.reads()
            _ = try await store.executions.take(takeRequest(8))
            let read = try await store.reads() - before
            #expect((1..<200).contains(read), "\(read) rows were read")
        }
    }

    @Test func aClaimItsEndAndASweepReadAFewRowsHoweverManyWait() async throws {
        try await RecordStore.with(connections: 1) { store in
            _ = try await park(2_048, in: store)
            let claims = (0..<16).map { _ in Claim.sample() }
            let before = try await store.reads()
            _ = try await store.executions.claim(claims)
            _ = try await store.cancellations.cancel(
                claims.map(\.submission.id),
                tenant: nil,
                keepsUnknown: false
            )
            _ = try await store.cancellations.decidedEnds(
                of: claims.map(\.submission.id),
                runBy: "worker-a"
            )
            _ = try await store.cancellations.overdue(limit: 256)
            _ = try await store.executions.finish(claims.map { .sample($0) })
            _ = try await store.executions.parkDue(limit: 256)
            _ = try await store.cancellations.overdue(limit: 256)
            let read = try await store.reads() - before
            #expect((1..<400).contains(read), "\(read) rows were read")
        }
    }
}
