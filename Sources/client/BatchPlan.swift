public import Foundation
public import SandmillEntity
public import SandmillService

/// A batch as it will be sent: what, under which ids, and how.
///
/// It is one message if that can be: then a worker takes in all of it or nothing, and counts the
/// members that it refuses. What does not fit, has members of different levels, or is for a pool that
/// this configuration does not know, is a message a member.
public struct BatchPlan: Sendable {
    /// What is to be run.
    public let draft: BatchDraft
    /// The batch's id.
    public let id: UUID
    /// What runs it.
    public let pool: String
    /// Whose it is.
    public let tenant: String
    /// The members as requests of their own.
    public let entries: [Submitter.Entry]
    /// All of them as one message; nil when each is sent by itself.
    public let message: BatchMessage?
    /// Whether the ids follow from the content.
    public let isDerived: Bool

    /// Plans a batch.
    ///
    /// - Parameters:
    ///   - draft: What is to be run.
    ///   - template: Pool and tenant.
    ///   - given: The batch's id; nil to derive it from the content.
    ///   - maximumRunning: How many members may run at once.
    ///   - others: How many ids of this content are another tenant's.
    ///   - pools: Those that are known here.
    ///   - limit: The longest body that is read.
    /// - Throws: ``ClientError`` for a limit of a batch that does not fit into one message.
    init(
        _ draft: BatchDraft,
        template: Submitter.Entry,
        id given: UUID?,
        maximumRunning: Int?,
        besides others: Int = 0,
        pools: Set<String>,
        limit: ByteCount
    ) throws(ClientError) {
        let identity = BatchIdentity(
            of: draft,
            tenant: template.tenant,
            pool: template.pool,
            maximumRunning: maximumRunning,
            batch: given,
            besides: others
        )
        self.draft = draft
        id = identity.batch
        pool = template.pool
        tenant = template.tenant
        isDerived = given == nil
        entries = draft.entries(id: identity.batch, ids: identity.members, template: template)
        do throws(BatchMessage.Misfit) {
            guard pools.contains(template.pool) else {
                throw BatchMessage.Misfit(reason: "is for a pool that is not in the configuration")
            }
            message = try BatchMessage(
                draft,
                entries: entries,
                id: identity.batch,
                maximumRunning: maximumRunning,
                limit: limit
            )
        } catch {
            guard maximumRunning == nil else {
                throw ClientError(
                    .wrongInput,
                    "--max-running is for a batch that is one message, and this one "
                        + error.reason
                )
            }
            message = nil
        }
    }

    /// Plans a batch under an id that no other tenant has taken, as far as `records` tell.
    ///
    /// - Throws: As ``init(_:template:id:maximumRunning:besides:pools:limit:)``.
    public init(
        _ draft: BatchDraft,
        template: Submitter.Entry,
        id given: UUID?,
        maximumRunning: Int?,
        pools: Set<String>,
        limit: ByteCount,
        unlessTakenIn records: Records
    ) async throws(ClientError) {
        var others = 0
        while true {
            try self.init(
                draft,
                template: template,
                id: given,
                maximumRunning: maximumRunning,
                besides: others,
                pools: pools,
                limit: limit
            )
            let known = try? await records.executions.batch(id)
            if !isDerived || known == nil || known?.tenant == tenant { return }
            others += 1
        }
    }

    /// The labels of the members, by their ids.
    public var labels: [UUID: [String: String]] {
        Dictionary(zip(entries, draft.members).map { ($0.id, $1.labels) }) { first, _ in first }
    }

    /// What is known of it already; nil when nothing is.
    ///
    /// - Throws: ``ClientError`` when the id is that of other work, ``StoreError``.
    public func record(in records: Records) async throws -> BatchRecord? {
        guard let record = try await records.executions.batch(id) else { return nil }
        var isSame = isDerived
        if !isSame { isSame = try await recordHasMember(in: records) }
        guard record.tenant == tenant, record.size == entries.count, isSame else {
            throw ClientError(.wrongInput, "\(id.text) is the id of another batch")
        }
        return record
    }

    /// Members' ids follow from the content, so one that is known shows that the content is the same.
    private func recordHasMember(in records: Records) async throws -> Bool {
        for entry in entries.prefix(16) {
            if try await records.executions.execution(entry.id)?.batchID == id { return true }
        }
        return false
    }
}

extension BatchDraft.Member {
    fileprivate var labels: [String: String] {
        guard case .object(let labels)? = fields["labels"] else { return [:] }
        return labels.mapValues { $0.string ?? "" }
    }
}
