internal import FoundationEssentials
internal import SandmillEntity
internal import SandmillService

/// What is told of a batch that was taken in.
struct AcceptedBatchBody: Encodable {
    let id: String
    let size: Int
    /// How many are dead letters; not told of a batch that was known already.
    let refused: Int?

    init(_ batch: AdmittedBatch) {
        id = batch.id.text
        size = batch.size
        refused = batch.refused
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
