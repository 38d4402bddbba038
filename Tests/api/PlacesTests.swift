import HTTPTypes
import Testing

@testable import SandmillAPI

@Suite struct PlacesTests {
    @Test func thereAreSoManyPlacesAndNoMore() throws {
        let places = Places(2, for: "visitors")
        let first = try places.take()
        let second = try places.take()
        let problem = #expect(throws: Problem.self) { _ = try places.take() }
        #expect(problem?.kind == .overloaded)
        #expect(problem?.headers[.retryAfter] != nil)
        #expect(places.takenCount == 2)
        withExtendedLifetime((first, second)) {}
    }

    @Test func aPlaceIsFreeOnceNobodyHoldsIt() throws {
        let places = Places(1, for: "visitors")
        for _ in 0..<3 { _ = try places.take() }
        #expect(places.takenCount == 0)
    }
}
