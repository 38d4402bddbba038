import PostgreSQL
import Testing

@testable import SandmillRepository

/// How the server finds the rows of the statements that run all the time.
///
/// Their cost must not grow with what waits, and a plan is made once, for every size.
@Suite(.timeLimit(.minutes(1)))
struct PlanTests {
    /// A statement, with the types of its parameters where the server cannot tell them.
    struct Statement: CustomTestStringConvertible {
        let testDescription: String
        let sql: String
        var types = ""
    }

    @Test(arguments: [
        Statement(testDescription: "claim", sql: ClaimStatement.sql),
        Statement(
            testDescription: "take",
            sql: TakeStatement.sql,
            types: "(text, int8, text, uuid, text[], text[], int4[], int8)"
        ),
        Statement(testDescription: "finish", sql: FinishStatement.sql),
        Statement(testDescription: "retry", sql: RetryStatement.sql),
        Statement(testDescription: "reclaim", sql: ReclaimStatement.sql),
        Statement(testDescription: "keep a letter", sql: LetterStatement.sql),
        Statement(testDescription: "requeue a letter", sql: RequeueStatement.sql),
        Statement(testDescription: "repair batches", sql: HeldMembers.repair),
    ])
    func everyTableIsReadByAnIndex(statement: Statement) async throws {
        try await RecordStore.with { store in
            let plan = try await store.pool.withTransaction { connection in
                try connection.query("set local plan_cache_mode = force_generic_plan")
                try connection.query("set local enable_seqscan = off")
                try connection.query("prepare statement\(statement.types) as \(statement.sql)")
                let numbers = statement.sql.matches(of: /\$([0-9]+)/).compactMap { Int($0.1) }
                let values = Array(repeating: "null", count: numbers.max() ?? 0)
                let lines: [String] = try connection.query(
                    "explain (costs off) execute statement(\(values.joined(separator: ", ")))"
                )
                .map { try $0[0] }
                try connection.query("deallocate statement")
                return lines
            }
            #expect(plan.contains { $0.contains("Index Scan using") })
            #expect(plan.filter { $0.contains("Seq Scan") } == [])
        }
    }
}
