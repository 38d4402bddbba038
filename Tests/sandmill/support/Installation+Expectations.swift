import Foundation
import Testing

extension Installation {
    /// Expects that each execution has one end, in the given attempt if there is one, and events
    /// with one id, and that nothing else waits to be published.
    func expectOneEnd(
        of ids: [UUID],
        attempt: Int? = 1,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        for id in ids { _ = try await events.finished(id) }
        try await eventually(within: .seconds(40), "the outbox is empty") {
            try await query("select 1 from outbox").isEmpty
        }
        // Its event comes after all that were published by now.
        _ = try await result(of: "print('last')")
        let messages = await events.messages
        for id in ids {
            let subject = JSON.string(id.uuidString.lowercased())
            let announced = Set(
                messages.map(\.event)
                    .filter {
                        $0["subject"] == subject
                            && $0["type"] == "dev.sandmill.execution.finished.v1"
                    }
                    .map { $0["id"].string ?? "" }
            )
            #expect(announced.count == 1, "events of \(id)", sourceLocation: sourceLocation)
            let record = try await record(id)
            if let attempt {
                #expect(
                    record["attempt"] == .number(Double(attempt)),
                    "the attempt of \(id)",
                    sourceLocation: sourceLocation
                )
            }
            let ends = try await query(
                """
                select 1 from attempts
                    join executions on (execution_id, attempts.state) = (id, executions.state)
                where id = %s::uuid
                """,
                .string(id.uuidString)
            )
            #expect(
                ends.count == (attempt == 0 ? 0 : 1),
                "the ends of \(id)",
                sourceLocation: sourceLocation
            )
        }
    }
}
