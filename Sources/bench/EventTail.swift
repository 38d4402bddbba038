import Foundation
import SandmillEntity
import SandmillService

/// The end of an execution, as its event tells it.
struct EndedJob: Decodable {
    private struct Event: Decodable {
        let data: EndedJob
    }

    let id: UUID
    let tenant: String
    let level: Level
    let state: ExecutionState

    /// Reads an event.
    init(_ message: EventMessage) throws {
        self = try JSONDecoder().decode(Event.self, from: Data(message.body)).data
        guard state == .succeeded else {
            throw BrokerError(.unavailable, "a job of the benchmark ended as \(state.rawValue)")
        }
    }
}
