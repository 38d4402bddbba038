import SandmillService
import StoreConformance
import Testing

@Suite("A results directory does as its port says", .timeLimit(.minutes(5)))
struct ConformanceTests {
    @Test(arguments: Conformance<any ResultsStore>.ofResultsStores)
    func resultsStore(_ conformance: Conformance<any ResultsStore>) async throws {
        try await ResultsWorld.with { world in
            try await conformance.check(try world.worker())
        }
    }
}
