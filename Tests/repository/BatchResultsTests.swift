import Foundation
import SandmillEntity
import SandmillRepository
import SandmillService
import StoreConformance
import Testing

@Suite(.timeLimit(.minutes(5))) struct BatchResultsTests {
    @Test func thoseThatEndedAreReadInPagesByTheirIds() async throws {
        try await RecordStore.with { store in
            let batch = UUID()
            let claims = (0..<5).map { _ in
                Claim.sample(batch: Submission.Membership(id: batch, size: 5))
            }
            for claim in claims { _ = try await store.claim(claim) }
            #expect(try await store.executions.results(of: batch, after: nil, limit: 9).isEmpty)

            let ended = claims.dropLast()
            _ = try await store.executions.finish(
                ended.map { FinishedExecution.sample($0) }
            )
            let ids = ended.map(\.submission.id).sorted { $0.uuidString < $1.uuidString }
            let first = try await store.executions.results(of: batch, after: nil, limit: 3)
            #expect(first.map(\.id) == Array(ids.prefix(3)))
            let second = try await store.executions.results(of: batch, after: ids[2], limit: 3)
            #expect(second.map(\.id) == [ids[3]])
            #expect(first.allSatisfy { $0.document.contains("s-17") })
            #expect(first.allSatisfy { !$0.document.contains("\n") })
            #expect(try await store.executions.results(of: UUID(), after: nil, limit: 3).isEmpty)
        }
    }
}
