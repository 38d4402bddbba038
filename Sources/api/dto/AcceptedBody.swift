internal import FoundationEssentials
internal import SandmillEntity

/// What is told of an execution that was taken in or is to end: where it is.
struct AcceptedBody: Encodable {
    let id: String
    let state: ExecutionState

    init(_ id: UUID, _ state: ExecutionState) {
        self.id = id.text
        self.state = state
    }
}
