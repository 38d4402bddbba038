import HTTPTypes
import SandmillEntity
import Testing

@testable import SandmillAPI

@Suite struct BodyBudgetTests {
    @Test func allBodiesTogetherHaveSoMuch() throws {
        let budget = BodyBudget(.kibibytes(1))
        let first = budget.share()
        try first.take(1_000)
        try first.take(24)
        let second = budget.share()
        let problem = #expect(throws: Problem.self) { try second.take(1) }
        #expect(problem?.kind == .overloaded)
        #expect(problem?.headers[.retryAfter] == "1")
        #expect(budget.takenCount == 1_024)
        withExtendedLifetime(first) {}
    }

    @Test func aShareComesBackWithItsRequest() throws {
        let budget = BodyBudget(.kibibytes(1))
        for _ in 0..<3 { try budget.share().take(1_000) }
        #expect(budget.takenCount == 0)
    }
}
