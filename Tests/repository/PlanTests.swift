import FoundationEssentials
import PostgreSQL
import SandmillEntity
import SandmillService
import StoreConformance
import Testing

@testable import SandmillRepository

/// How the server finds the rows of the statements that run all the time.
///
/// Their cost must not grow with what waits or has ended. A plan is made once (``Database``), so that
/// of empty tables must be right for full ones.
@Suite(.timeLimit(.minutes(5)))
struct PlanTests {
    /// What may be read as a whole: it is small, or read once for each worker that dies.
    private static let exceptions = [
        "batches_limited", "on workers", "on schema_migrations", "leased_by = $1",
        // The first of each.
        "executions_expiring on executions executions_1",
        "cancellations_due on cancellations cancellations_1",
        // They go from one lane to the next, and from one worker to the next.
        "Index Only Scan using executions_awaited",
        "executions_worker on executions Index Cond: (worker IS NOT NULL)",
    ]

    @Test func everyTableIsReadByAnIndex() async throws {
        try await RecordStore.with(connections: 1) { store in
            try await work(with: store)
            let plans = try await store.database.pool.withTransaction { connection in
                let statements = try connection.query(
                    "select name, cardinality(parameter_types) as count from pg_prepared_statements"
                )
                return try statements.map { row in
                    let values = Array(repeating: "null", count: try row["count"])
                    return try connection.query(
                        "explain (costs off) execute \(row["name"] as String)"
                            + (values.isEmpty ? "" : "(\(values.joined(separator: ", ")))")
                    )
                    .map { try $0[0] as String }
                }
            }
            #expect(plans.count > 20)
            #expect(plans.contains { $0.contains { $0.contains("Index Scan using executions_") } })
            for plan in plans {
                #expect(!plan.contains { $0.contains(/(executions|batches)_by_/) }, "\(plan)")
                let lines = plan.map { String($0.trimmingPrefix(/[ ->]*/)) }
                for (scan, condition) in zip(lines, lines.dropFirst() + [""]) {
                    guard scan.contains("Seq Scan") || scan.contains("Index"),
                        scan.contains(" Scan ")
                    else { continue }
                    let isWhole =
                        scan.contains("Seq Scan") || !condition.contains("Index Cond")
                        || condition.hasSuffix("NULL)")
                    let both = "\(scan) \(condition)"
                    let isException = Self.exceptions.contains { both.contains($0) }
                    #expect(!isWhole || isException, "\(plan.joined(separator: "\n"))")
                }
            }
        }
    }

    /// What a busy worker asks of the store.
    private func work(with store: RecordStore) async throws {
        let batch = BatchAdmission.sample(2, maximumRunning: 1, refused: 1)
        _ = try await store.executions.admit(batch)
        let claims = (0..<3).map { _ in Claim.sample() }
        _ = try await store.executions.claim(claims)
        try await store.executions.retry([.sample(claims[0], delay: .zero)])
        _ = try await store.executions.finish([.sample(claims[1])])
        _ = try await store.executions.take(
            TakeRequest(token: .random(), worker: "worker-a", pool: "python", count: 4, held: [:])
        )
        _ = try await store.executions.parkDue(limit: 256)
        _ = try await store.executions.parkAwaited(longerThan: .seconds(300))
        _ = try await store.executions.parked(pool: "python", upTo: 256)
        try await store.executions.admitHeldMembers()
        _ = try await store.executions.execution(claims[0].submission.id)
        _ = try await store.executions.batch(batch.id)
        let ids = claims.map(\.submission.id)
        _ = try await store.cancellations.cancel(ids, tenant: nil, keepsUnknown: true)
        _ = try await store.cancellations.cancel(batch: batch.id, tenant: nil)
        _ = try await store.cancellations.overdue(limit: 256)
        try await store.cancellations.noteMissedMembers()
        try await store.cancellations.forgetOldCancellations()
        _ = try await store.cancellations.decidedEnds(of: ids, runBy: "worker-a")
        try await store.letters.keep([.member(of: .init(id: .random(), size: 2))])
        _ = try await store.letters.requeue([1], as: Revision())
        let rows = try await store.outbox.lease(by: "worker-a", holding: [], limit: 256)
        try await store.outbox.release(rows.map(\.id), by: "worker-a")
        _ = try await store.outbox.postpone(rows.map(\.id), by: "worker-a")
        try await store.outbox.setAside(rows.prefix(1).map { ($0, "refused") })
        try await store.outbox.remove(rows.map(\.id))
        let registry = PostgreSQLWorkerRegistry(store.database)
        try await registry.register(worker: "worker-a", version: "1")
        _ = try await registry.heartbeat(worker: "worker-a")
        _ = try await registry.abandonedWorkers()
        let running = try await registry.runningAttempts(of: "worker-a")
        try await store.executions.markSandboxed(running)
        _ = try await registry.putBack(running, of: "worker-a", token: .random())
        _ = try await registry.reclaim(worker: "worker-b", successor: "worker-a", token: .random())
        try await registry.deregister(worker: "worker-a")
    }
}
