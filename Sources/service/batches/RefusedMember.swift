public import FoundationEssentials
public import SandmillEntity

/// What a message that was refused for its content would have been: the member of a batch, which
/// waits for it no longer.
public struct RefusedMember: Equatable, Sendable {
    /// The execution.
    public var id: UUID
    /// Whose it would have been.
    public var tenant: String
    /// The pool that would have run it.
    public var pool: String
    /// What it would have been a member of.
    public var batch: Submission.Membership

    /// Describes a member.
    public init(id: UUID, tenant: String, pool: String, batch: Submission.Membership) {
        self.id = id
        self.tenant = tenant
        self.pool = pool
        self.batch = batch
    }

    /// Reads as much of a dead letter as it takes; nil when that cannot be read, or when nobody has
    /// found fault with the content: the same message may still be taken in.
    public init?(_ letter: DeadLetter) {
        guard let kind = RequestRefusal.Kind(rawValue: letter.errorType),
            // Nobody takes members off the batches of others.
            kind != .forbiddenTenant, letter.isComplete,
            let id = letter.properties.messageID.flatMap(UUID.init(text:)),
            let tenant = try? SubmissionDecoder.tenant(letter.properties),
            let pool = letter.routingKey?.prefix(while: { $0 != "." }).description,
            Name.isValid(pool),
            (try? JSONBounds(letter.body, depth: Self.depth).check(letter.body)) != nil,
            let body = try? JSONDecoder().decode(Body.self, from: Data(letter.body)),
            let batchID = UUID(text: body.batch.id),
            let batch = try? SubmissionDecoder.membership(batchID, size: body.batch.size)
        else { return nil }
        self.init(id: id, tenant: tenant, pool: pool, batch: batch)
    }

    /// The deepest that the parser goes.
    private static let depth = 500

    private struct Body: Decodable {
        struct Batch: Decodable {
            let id: String
            let size: Int64
        }

        let batch: Batch
    }
}
