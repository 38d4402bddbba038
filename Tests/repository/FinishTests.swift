import Foundation
import PostgreSQL
import SandmillEntity
import SandmillRepository
import SandmillService
import StoreConformance
import Testing

@Suite("An end", .serialized, .timeLimit(.minutes(5)))
struct FinishTests {
    @Test func itWritesRecordAttemptFilesAndOutbox() async throws {
        try await RecordStore.with { store in
            let claim = Claim.sample()
            _ = try await store.claim(claim)
            let files = [
                OutputFile(path: "out.csv", bytes: .kibibytes(1), sha256: "ab"),
                OutputFile(path: String(repeating: "x", count: 8_000), bytes: .zero, sha256: "cd"),
            ]
            let finished = FinishedExecution.sample(claim, files: files)
            let messages = try await store.executions.finish([finished])
            #expect(messages.map(\.message) == finished.events)

            let record = try #require(await store.executions.execution(claim.submission.id))
            #expect(record.state == .cancelled)
            #expect(record.finishedAt == finished.document.finishedAt)
            #expect(record.result == #"{"labels": {"student": "s-17"}}"#)
            let row = try await store.pool.query("select * from executions")[0]
            #expect(try row["wall_seconds"] == 0.0041)
            #expect(try row["memory_peak_bytes"] == 9_437_184)
            #expect(try row["results_path"] == finished.document.resultsPath)
            #expect(try row["request_body"] == Data?.none)
            let attempt = try await store.pool.query("select * from attempts")[0]
            #expect(try attempt["execution_id"] == claim.submission.id)
            #expect(try attempt["sandbox"] == "container-1")
            #expect(try attempt["state"] == "cancelled")
            let kept = try await store.pool.query("select * from files order by position")
            #expect(try kept.map { try $0["path"] } == files.map(\.path))
            #expect(try kept.map { try $0["bytes"] } == [1_024, 0])
            #expect(try kept.map { try $0["sha256"] } == ["ab", "cd"])
        }
    }

    @Test func itsOutboxRowsAreLeasedToTheWorkerForHalfAMinute() async throws {
        try await RecordStore.with { store in
            let claim = Claim.sample()
            _ = try await store.claim(claim)
            let messages = try await store.executions.finish([.sample(claim)])
            #expect(try await store.outbox.lease(by: "worker-b", holding: [], limit: 10).isEmpty)
            let row = try await store.pool.query(
                "select id, leased_by, available_at - now() as rest from outbox"
            )[0]
            #expect(try row["id"] == messages[0].id)
            #expect(try row["leased_by"] == "worker-a")
            #expect(
                try await store.value(
                    """
                    select extract(epoch from available_at - now()) between 20 and 30 from outbox
                    """
                )
            )
            try await store.outbox.remove(messages.map(\.id))
            #expect(try await store.value("select count(*) from outbox") == 0)
        }
    }

    /// Whatever writes does so in a session whose commits are on disk when they return.
    @Test func everySessionCommitsAsTheServerDoesByItself() async throws {
        try await RecordStore.with { store in
            for statement in [
                "create table sessions (synchronous_commit text not null)",
                """
                create function note_session() returns trigger language plpgsql as $$
                begin
                    insert into sessions values (current_setting('synchronous_commit'));
                    return null;
                end $$
                """,
                """
                create trigger note after insert or update on executions
                    for each statement execute function note_session()
                """,
                """
                create trigger note after insert on dead_letters
                    for each statement execute function note_session()
                """,
            ] {
                try await store.pool.query(statement)
            }
            let claims = (0..<3).map { _ in Claim.sample() }
            _ = try await store.executions.claim(claims)
            _ = try await store.executions.finish([.sample(claims[0])])
            try await store.executions.retry([.sample(claims[1], delay: .zero)])
            _ = try await store.executions.admit(.sample(2, refused: 1))
            let setting: String = try await store.value("show synchronous_commit")
            #expect(setting != "off")
            let seen = try await store.pool.query(
                "select distinct synchronous_commit from sessions"
            )
            #expect(try seen.map { try $0[0] } == [setting])
        }
    }

    @Test func aGroupPutsEachEventToItsExecution() async throws {
        try await RecordStore.with { store in
            let claims = (0..<256).map { _ in Claim.sample() }
            _ = try await store.executions.claim(claims)
            try await store.executions.retry([.sample(claims[7], delay: .zero)])
            let ends = claims.map { FinishedExecution.sample($0) }
            let messages = try await store.executions.finish(ends)
            #expect(messages.count == 255)
            let expected = ends.enumerated().filter { $0.offset != 7 }.map(\.element.events[0].body)
            let written = messages.map(\.message.body)
            #expect(Set(written) == Set(expected))
            let stored = try await store.pool.query("select id, body from outbox order by id")
            var bodies: [Int64: Data] = [:]
            for row in stored { bodies[try row["id"]] = try row["body"] }
            for message in messages {
                #expect(bodies[message.id].map { Array($0) } == message.message.body)
            }
        }
    }

    @Test func oneRowThatCannotBeStoredFailsNoOther() async throws {
        try await RecordStore.with { store in
            let claims = (0..<256).map { _ in Claim.sample() }
            _ = try await store.executions.claim(claims)
            let committer = GroupCommitter<FinishedExecution, Bool> { group throws(StoreError) in
                _ = try await store.executions.finish(group)
                return group.map { _ in true }
            }
            let failures = try await withThrowingTaskGroup(of: StoreError?.self) { group in
                for (index, claim) in claims.enumerated() {
                    let label = index == 100 ? #"\u0000"# : "fine"
                    group.addTask {
                        do throws(StoreError) {
                            _ = try await committer.submit(.sample(claim, label: label))
                            return nil
                        } catch {
                            return error
                        }
                    }
                }
                group.addTask {
                    await committer.run()
                    return nil
                }
                var failures: [StoreError] = []
                for _ in claims {
                    if let failure = try await group.next() ?? nil { failures.append(failure) }
                }
                await committer.finish()
                return failures
            }
            #expect(failures.map(\.code) == [.unstorable])
            #expect(
                try await store.value(
                    "select count(*) from executions where state = 'cancelled'"
                ) == 255
            )
        }
    }

    @Test func aRetryIsQueuedAfterItsDelayAndClaimedAsTheNextAttempt() async throws {
        try await RecordStore.with { store in
            let claim = Claim.sample()
            _ = try await store.claim(claim)
            try await store.executions.retry([.sample(claim, delay: .seconds(60))])
            let record = try #require(await store.executions.execution(claim.submission.id))
            #expect(record.state == .queued)
            #expect(record.worker == nil)
            #expect(try await store.outbox.lease(by: "worker-a", holding: [], limit: 10).isEmpty)
            #expect(
                try await store.value(
                    """
                    select outbox.available_at = executions.available_at
                        and extract(epoch from outbox.available_at - now()) between 50 and 60
                    from outbox, executions
                    """
                )
            )
            let attempt = try await store.pool.query("select * from attempts")[0]
            #expect(try attempt["state"] == "errored")
            #expect(try attempt["reason"] == "sandbox_lost")
            #expect(try attempt["worker"] == "worker-a")

            try await store.pool.query("update executions set available_at = now()")
            #expect(try await store.claim(claim.redelivered()) == 2)
        }
    }

    @Test func retriesLockExecutionsInTheOrderOfTheirIDs() async throws {
        try await RecordStore.with { store in
            let claims = (0..<2).map { _ in Claim.sample() }
                .sorted { $0.submission.id < $1.submission.id }
            _ = try await store.executions.claim(claims)
            let lock = "select from executions where id = $1 for update"
            try await store.interleave { connection in
                try connection.query(lock, [claims[0].submission.id])
            } with: {
                let attempts = claims.reversed().map { FailedAttempt.sample($0, delay: .zero) }
                try await store.executions.retry(attempts)
            } beforeCommit: { connection in
                // It waits for the first and must not have the second.
                try connection.query(lock + " nowait", [claims[1].submission.id])
            }
            #expect(try await store.value("select count(*) from outbox") == 2)
        }
    }

    @Test func anErroredExecutionKeepsItsRequest() async throws {
        try await RecordStore.with { store in
            let claim = Claim.sample()
            _ = try await store.claim(claim)
            let end = FinishedExecution.sample(claim, outcome: Outcome(.errored, .sandboxLost))
            _ = try await store.executions.finish([end])
            #expect(
                try await store.value("select request_body from executions")
                    == Data(claim.request.body)
            )
        }
    }
}
