import FoundationEssentials
import SandmillEntity
import SandmillRepository
import SandmillService
import StoreConformance
import Testing

/// An id that another tenant has: nobody is kept from anything, or told of it.
@Suite("Ids of other tenants", .timeLimit(.minutes(2)))
struct TakenIDTests {
    @Test func anIDOfAnotherTenantIsNotInTheWay() async throws {
        try await RecordStore.with { store in
            let first = Claim.sample()
            _ = try await store.claim(first)
            let second = Claim.sample(id: first.submission.id, tenant: "b", body: "{}")
            let other = try #require(try await store.executions.claim([second])[0].taken)
            #expect(other.submission.id != first.submission.id)
            #expect(other.submission.tenant == "b")
            #expect(other.request.properties.messageID == other.submission.id.text)
            #expect(other.request.properties.correlationID != nil)
            #expect(try await store.executions.claim([other])[0].attempt == 1)
            // The same again finds what is there.
            #expect(try await store.executions.claim([second])[0].taken == other)
            #expect(try await store.executions.claim([other.redelivered()]) == [.duplicate])
            let third = Claim.sample(id: first.submission.id, tenant: "c")
            let another = try #require(try await store.executions.claim([third])[0].taken)
            #expect(another.submission.id != other.submission.id)
            #expect(try await store.executions.execution(first.submission.id)?.tenant == "default")
        }
    }

    @Test func ofTwoTenantsInOneGroupEachHasItsOwn() async throws {
        try await RecordStore.with { store in
            let first = Claim.sample()
            let second = Claim.sample(id: first.submission.id, tenant: "b")
            let outcomes = try await store.executions.claim([first, second])
            #expect(outcomes[0].attempt == 1)
            #expect(outcomes[1].taken != nil)
        }
    }

    @Test func aBatchOfAnotherTenantIsNotInTheWay() async throws {
        try await RecordStore.with { store in
            let first = BatchAdmission.sample(2)
            _ = try await store.executions.admit(first)
            var second = first
            second.tenant = "b"
            guard case .taken(let id) = try await store.executions.admit(second) else {
                Issue.record("the batch is in the way")
                return
            }
            #expect(id != first.id)
            // A member's id may be another tenant's too.
            second.id = id
            second.members = second.members.map { member in
                var member = member
                member.submission.tenant = "b"
                member.submission.batch?.id = id
                return member
            }
            #expect(try await store.executions.admit(second).refusedCount == 0)
            #expect(try await store.executions.admit(second) == .duplicate)
            #expect(try await store.executions.batch(id)?.tenant == "b")
            #expect(try await store.executions.batch(first.id)?.tenant == first.tenant)
            #expect(
                try await store.value("select count(distinct tenant) from executions") == 2
            )
        }
    }
}

extension ClaimOutcome {
    /// What is to be claimed instead.
    fileprivate var taken: Claim? {
        if case .taken(let claim) = self { claim } else { nil }
    }
}
