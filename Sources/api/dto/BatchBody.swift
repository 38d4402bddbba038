internal import FoundationEssentials
internal import SandmillEntity
internal import SandmillService

/// What is told of a batch that was taken in.
struct AcceptedBatchBody: Encodable {
    /// The most refused members that are told one by one.
    private static let limit = 1_000

    /// A member that is a dead letter.
    struct Refused: Encodable {
        let id: String?
        let pointer: String?
        let errorType: String
        let errors: [RequestRefusal.Fault]

        init(_ letter: DeadLetter) {
            id = letter.properties.messageID
            let place = letter.memberIndex.map { "/executions/\($0)" }
            pointer = place
            errorType = letter.errorType
            errors = letter.faults.map { fault in
                guard let place, let pointer = fault.pointer else { return fault }
                return RequestRefusal.Fault(at: place + pointer, fault.message)
            }
        }

        private enum CodingKeys: String, CodingKey {
            case id
            case pointer
            case errorType = "error_type"
            case errors
        }
    }

    let id: String
    let size: Int
    /// How many are dead letters; not told of a batch that was known already.
    let refused: Int?
    /// Which those are and why.
    let refusals: [Refused]?

    init(_ batch: AdmittedBatch) {
        id = batch.id.text
        size = batch.size
        refused = batch.refused?.count
        refusals = batch.refused?.prefix(Self.limit).map(Refused.init)
    }
}

/// What is told of a batch that is to end: how many of its members have not.
struct CancelledBatchBody: Encodable {
    let id: String
    let pending: Int

    init(_ id: UUID, pending: Int) {
        self.id = id.text
        self.pending = pending
    }
}
