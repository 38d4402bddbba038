import Foundation
import PostgreSQL
import SandmillEntity
import SandmillRepository
import SandmillService
import StoreConformance
import Testing

@Suite("Names", .serialized, .timeLimit(.minutes(5)))
struct NameTests {
    private func find(_ text: String, in store: RecordStore) async throws -> [NamedRecord] {
        try await store.executions.records(named: text, in: ["student", "input"], limit: 3)
    }

    @Test func theBeginningOfAnIdMeansAllThatBeginSo() async throws {
        try await RecordStore.with { store in
            let ids = ["abcd0000", "abcd1000", "abcd2000", "abcd3000"].map {
                "\($0)-0000-7000-8000-000000000001"
            }
            let id = try #require(UUID(text: "abce0000-0000-7000-8000-000000000002"))
            let batch = Submission.Membership(id: id, size: ids.count)
            let claims = ids.compactMap { UUID(text: $0) }.map {
                Claim.sample(id: $0, batch: batch)
            }
            _ = try await store.executions.claim(claims)
            #expect(try await find("ABCD1", in: store).map(\.id.text) == [ids[1]])
            #expect(try await find("abcd", in: store).count == 3)
            let found = try await find("abce", in: store)
            #expect(found.map(\.kind) == [.batch])
            #expect(try await find("abc", in: store).contains { $0.kind == .batch })
            #expect(try await find("abcd9", in: store).isEmpty)
        }
    }

    @Test func aNameMeansTheMembersThatAreCalledSoTheNewestFirst() async throws {
        try await RecordStore.with { store in
            for tenant in ["acme", "other", "acme", "acme"] {
                _ = try await store.claim(.sample(tenant: tenant))
                try await store.pool.query(
                    "update executions set submitted_at = submitted_at - interval '1 s'"
                )
            }
            let found = try await find("s-17", in: store)
            #expect(found.map(\.tenant) == ["acme", "acme", "other"])
            #expect(found.map(\.isByName) == [true, true, true])
            #expect(found[0].submittedAt > found[1].submittedAt)
            #expect(try await find("s-1", in: store).isEmpty)
        }
    }
}
