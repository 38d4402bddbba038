import Foundation
import SandmillEntity
import SandmillService

extension RecordedResult {
    /// Reads the event of a job that succeeded.
    init(_ message: EventMessage) throws {
        try self.init(event: message.body)
        guard state.known == .succeeded else {
            throw BrokerError(.unavailable, "a job of the benchmark ended as \(state.rawValue)")
        }
    }
}
