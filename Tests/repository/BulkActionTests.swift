import FoundationEssentials
import Logging
import PostgreSQL
import SandmillEntity
import SandmillRepository
import StoreConformance
import TestSupport
import Testing

@testable import SandmillService

/// What is done to all that match, on Postgres.
@Suite(.timeLimit(.minutes(5)))
struct BulkActionTests {
    /// Whose results are removed, and which were.
    private actor Removals: ResultRemoval {
        var paths: [String] = []
        var isBroken = false

        func setBroken(_ isBroken: Bool) { self.isBroken = isBroken }

        func remove(_ path: String) throws(ResultsError) {
            if isBroken { throw ResultsError("broken") }
            paths.append(path)
        }
    }

    private func runner(
        _ store: RecordStore,
        removals: Removals = Removals()
    ) -> BulkActionRunner {
        BulkActionRunner(
            store: PostgreSQLBulkActions(store.database),
            executions: store.executions,
            letters: store.letters,
            cancellations: Cancellations(store: store.cancellations, relay: nil),
            reruns: Reruns(
                store: store.executions,
                decoders: ["python": .sample],
                relay: nil
            ),
            deletions: Deletions(store: store.executions, results: removals),
            logger: .silent
        )
    }

    private func actions(_ store: RecordStore) -> BulkActions {
        BulkActions(
            store: PostgreSQLBulkActions(store.database),
            executions: store.executions,
            letters: store.letters
        )
    }

    private func order(
        _ verb: BulkAction.Verb,
        _ filter: [ListParameter] = [],
        on target: BulkAction.Target = .executions
    ) -> BulkOrder {
        BulkOrder(on: target, filter: filter, verb: verb, tenant: nil, actor: "somebody")
    }

    /// Executions that have failed.
    private func failures(_ count: Int, in store: RecordStore) async throws -> [UUID] {
        let claims = (0..<count).map { _ in Claim.sample() }
        for start in stride(from: 0, to: count, by: 200) {
            let group = Array(claims[start..<min(start + 200, count)])
            _ = try await store.executions.claim(group)
            _ = try await store.executions.finish(
                group.map { .sample($0, outcome: Outcome(.failed, .exitCode, exitCode: 1)) }
            )
        }
        return claims.map(\.submission.id)
    }

    @Test func aStepThatWasDoneTwiceMakesOneRerunEach() async throws {
        try await RecordStore.with { store in
            let ids = try await failures(150, in: store)
            let runner = runner(store)
            let failed = [ListParameter("state", "failed")]
            #expect(try await actions(store).count(order(.rerun, failed)) == 150)
            let action = try await actions(store).begin(order(.rerun, failed))
            #expect(action.matching == 150)
            let kept = PostgreSQLBulkActions(store.database)
            let leased = try #require(await kept.lease([.rerun]))
            #expect(try await kept.lease([.rerun]) == nil)
            // Whoever does the first step dies before it is noted.
            _ = try await runner.step(of: leased)
            try await store.pool.query("update bulk_actions set leased_until = now()")
            try await runner.work()
            let ended = try #require(await kept.action(action.id))
            #expect(ended.finishedAt != nil)
            #expect(ended.done == 150)
            #expect(ended.failed == 0)
            // Whoever was thought dead is late.
            #expect(try await kept.advance(leased, by: BulkStep()) == nil)
            let rows = try await store.pool.query(
                "select * from executions where rerun_of is not null"
            )
            #expect(Set(try rows.map { try $0["rerun_of"] as UUID }) == Set(ids))
            #expect(rows.count == 150)
            #expect(try rows.allSatisfy { try $0["state"] == "queued" && $0["waits"] == "store" })
            // What it made is not what it is done to, and a worker finds them.
            let taken = try await store.executions.take(
                TakeRequest(token: .random(), worker: "w", pool: "python", count: 2, held: [:])
            )
            #expect(taken.count == 2)
            let first = try #require(taken.first)
            let submission = try SubmissionDecoder.sample.decode(first.request, level: .normal)
            #expect(ids.contains(try #require(submission.rerunOf)))
        }
    }

    @Test func whatHasNotEndedIsCancelledAndWhatHasIsCountedAsNot() async throws {
        try await RecordStore.with { store in
            _ = try await failures(2, in: store)
            let queued = (0..<3).map { _ in Claim.sample(intent: .park) }
            _ = try await store.executions.claim(queued)
            let action = try await actions(store).begin(order(.cancel))
            try await runner(store).work()
            let ended = try #require(await actions(store).action(action.id, tenant: nil))
            #expect(ended.done == 3)
            #expect(ended.failed == 2)
            #expect(ended.failure == "it has ended")
            #expect(try await store.value("select count(*) from cancellations") == 3)
            let audit = PostgreSQLAuditLog(store.database)
            let acts = try await audit.acts(tenant: nil, page: ListPageRequest())
            #expect(acts.items.map(\.act.action) == ["cancel"])
            #expect(acts.items.first?.act.count == 5)
            #expect(try await actions(store).action(action.id, tenant: "other") == nil)
        }
    }

    @Test func aTenantsActsAreFoundWithThoseThatConcernEverybody() async throws {
        try await RecordStore.with { store in
            let audit = PostgreSQLAuditLog(store.database)
            for (number, tenant) in ["alice", nil, "bob", "alice"].enumerated() {
                try await audit.note(
                    Act(
                        actor: "a",
                        action: "cancel",
                        target: "execution",
                        subject: "\(number)",
                        tenant: tenant
                    )
                )
            }
            var page = ListPageRequest(limit: 2)
            let first = try await audit.acts(tenant: "alice", page: page)
            #expect(first.items.map(\.act.subject) == ["3", "1"])
            page.cursor = first.next
            let rest = try await audit.acts(tenant: "alice", page: page)
            #expect(rest.items.map(\.act.subject) == ["0"])
            #expect(rest.next == nil)
            let all = try await audit.acts(tenant: nil, page: ListPageRequest())
            #expect(all.items.map(\.act.subject) == ["3", "2", "1", "0"])
        }
    }

    @Test func whatIsDeletedIsGoneBeforeItsFilesAre() async throws {
        try await RecordStore.with { store in
            let ids = try await failures(3, in: store)
            _ = try await store.executions.claim([.sample()])
            let removals = Removals()
            await removals.setBroken(true)
            let runner = runner(store, removals: removals)
            _ = try await actions(store).begin(order(.delete))
            // It dies between the records and the files.
            await #expect(throws: ResultsError.self) { try await runner.work() }
            #expect(try await store.executions.execution(ids[0]) == nil)
            let reason = try await store.executions.deletionReason(ids[0], tenant: "default")
            #expect(reason == "deleted by somebody")
            #expect(try await store.executions.deletionReason(ids[0], tenant: "other") == nil)
            #expect(try await store.value("select count(*) from attempts") == 0)
            #expect(try await store.executions.leftFiles(limit: 10).isEmpty)
            await removals.setBroken(false)
            try await store.pool.query(
                "update deleted_executions set deleted_at = now() - interval '2 min'"
            )
            let deletions = Deletions(store: store.executions, results: removals)
            try await deletions.removeLeftFiles()
            let removed = await removals.paths
            #expect(removed.count == 3)
            #expect(removed.contains("2026-11-23/\(ids[0])/1"))
            #expect(try await store.executions.leftFiles(limit: 10).isEmpty)
            // What runs stays.
            try await store.pool.query("update bulk_actions set leased_until = now()")
            try await runner.work()
            #expect(try await store.value("select count(*) from executions") == 1)
            #expect(try await store.value("select failed from bulk_actions") == 1)
        }
    }

    @Test func deadLettersAreRequeuedOrPurgedByTheirKind() async throws {
        try await RecordStore.with { store in
            try await store.pool.query(
                """
                insert into dead_letters (
                    error_type, reason, queue, routing_key, properties, body, body_bytes)
                select case when n % 2 = 0 then 'too_large' else 'given_up' end, '', 'q',
                    'python.normal', '{"headers": {}}', 'x', case when n % 10 = 0 then 5 else 1 end
                from generate_series(1, 300) as n
                """
            )
            let large = [ListParameter("error_type", "too_large")]
            let action = try await actions(store).begin(
                order(.requeue, large, on: .deadLetters)
            )
            #expect(action.matching == 150)
            try await runner(store).work()
            let ended = try #require(await actions(store).action(action.id, tenant: nil))
            #expect(ended.done == 120)
            #expect(ended.failed == 30)
            #expect(try await store.value("select count(*) from outbox") == 120)
            let other = [ListParameter("error_type", "given_up")]
            _ = try await actions(store).begin(order(.purge, other, on: .deadLetters))
            try await runner(store).work()
            #expect(try await store.value("select count(*) from dead_letters") == 30)
        }
    }

    @Test func whatIsNotThereCannotBeOrdered() async throws {
        try await RecordStore.with { store in
            for wrong in [
                order(.purge), order(.cancel, on: .deadLetters),
                order(.cancel, [ListParameter("stat", "failed")]),
            ] {
                await #expect(throws: ListRefusal.self) { try await actions(store).begin(wrong) }
            }
        }
    }

    @Test func whatCannotBeRerunSaysWhy() async throws {
        try await RecordStore.with { store in
            let reruns = Reruns(
                store: store.executions,
                decoders: ["python": .sample],
                relay: nil
            )
            let running = Claim.sample()
            _ = try await store.executions.claim([running])
            let failed = try await failures(1, in: store)[0]
            let new = UUID()
            func rerun(_ id: UUID, tenant: String? = nil) async throws -> RerunOutcome {
                try await reruns.rerun(id, as: new, tenant: tenant)
            }
            #expect(try await rerun(running.submission.id) == .notFinished(.running))
            #expect(try await rerun(UUID()) == .unknown)
            #expect(try await rerun(failed, tenant: "other") == .unknown)
            #expect(try await rerun(failed, tenant: "default") == .rerun(new))
            #expect(try await rerun(failed) == .rerun(new))
            #expect(try await store.value("select count(*) from executions") == 3)
            try await store.pool.query("update executions set request_body = null")
            #expect(try await rerun(failed) == .requestNotKept)
        }
    }

    @Test func aRerunLeavesOutWhatIsOfOneTime() {
        let body = Array(#"{"source": "1", "limits": {"wall_seconds": 0.5}}"#.utf8)
        #expect(Reruns.withoutFieldsOfOneTime(body) == body)
        let member =
            #"{"batch": {"id": "x", "size": 2}, "deadline": "y", "retain": "1d", "source": "1"}"#
        #expect(
            Reruns.withoutFieldsOfOneTime(Array(member.utf8))
                == Array(#"{"retain":"1d","source":"1"}"#.utf8)
        )
    }
}

extension SubmissionDecoder {
    /// What reads requests of Python.
    fileprivate static let sample = SubmissionDecoder(
        pool: Pool(
            name: "python",
            runtimes: [.python],
            limits: LimitPolicy(
                defaults: Claim.sample().submission.program.limits,
                maxima: Claim.sample().submission.program.limits,
                killsOnExcessOutput: false
            )
        )
    )
}
