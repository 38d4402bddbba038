public import Foundation
internal import SandmillEntity
public import SandmillService

extension QueueWait {
    /// The wait as a table at a time; what is not due yet has no place in the queue.
    public func rows(at now: Date) -> [[String]] {
        let text =
            switch place {
            case .broker: "for its message, which is on its way"
            case .store: "for a worker with room"
            case .time: "for its time"
            case .batch: "for another member of its batch to end"
            }
        guard availableAt <= now else {
            return [["waits", "\(text), not before \(availableAt.formatted(.iso8601))"]]
        }
        let pace = estimate.map { ", about \($0.components.seconds + 1) s" } ?? ""
        return [["waits", text], ["before it", "\(ahead) of its level\(pace)"]]
    }
}
