import Foundation
import SandmillService
import Testing

@testable import SandmillClient

@Suite struct QueueWaitTests {
    private static let now = Date(timeIntervalSince1970: 1_800_000_000)

    private static func rows(_ place: QueueWait.Place, in time: TimeInterval) -> [[String]] {
        QueueWait(place: place, availableAt: now + time, ahead: 2, estimate: .seconds(3))
            .rows(at: now)
    }

    @Test func whatIsDueHasItsPlaceInTheQueue() {
        #expect(
            Self.rows(.store, in: 0) == [
                ["waits", "for a worker with room"], ["before it", "2 of its level, about 4 s"],
            ]
        )
    }

    @Test func whatWaitsForItsTimeTellsThatTimeAlone() {
        #expect(
            Self.rows(.time, in: 3_600) == [
                ["waits", "for its time, not before 2027-01-15T09:00:00Z"]
            ]
        )
    }
}
