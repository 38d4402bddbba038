public import Foundation
public import SandmillEntity
public import SandmillService

/// A batch as it will be sent: what, under which ids, and how.
///
/// What the record store knows already, in other batches, is not sent again (``BatchIdentity``): its results
/// stand beside those of the rest.
///
/// It is one message if that can be: then a worker takes in all of it or nothing, and counts the
/// members that it refuses. What does not fit, has members of different levels, or is for a pool that
/// this configuration does not know, is a message a member.
public struct BatchPlan: Sendable {
    /// What is sent.
    public let draft: BatchDraft
    /// The batch's id; where nothing is to be sent, that of a batch with members of it.
    public let id: UUID
    /// What runs it.
    public let pool: String
    /// Whose it is.
    public let tenant: String
    /// What is sent, as requests of their own.
    public let entries: [Submitter.Entry]
    /// All of that as one message; nil when each is sent by itself.
    public let message: BatchMessage?
    /// Whether the ids follow from the content.
    public let isDerived: Bool
    /// The members that are known already, in other batches.
    public let known: Set<UUID>
    /// The labels of all members, by their ids.
    public let labels: [UUID: [String: String]]

    /// Plans a batch.
    ///
    /// - Parameters:
    ///   - draft: What is to be run.
    ///   - identity: The ids.
    ///   - template: Pool and tenant.
    ///   - isDerived: Whether the batch's id follows from the content.
    ///   - batches: In which batches members are already.
    ///   - maximumRunning: How many members may run at once.
    ///   - pools: Those that are known here.
    ///   - limit: The longest body that is read.
    /// - Throws: ``ClientError`` for a limit of a batch that does not fit into one message.
    init(
        _ draft: BatchDraft,
        _ identity: BatchIdentity,
        template: Submitter.Entry,
        isDerived: Bool,
        known batches: [UUID: UUID],
        maximumRunning: Int?,
        pools: Set<String>,
        limit: ByteCount
    ) throws(ClientError) {
        let (known, id) = Self.split(identity, batches)
        let sent = zip(draft.members, identity.members).filter { !known.contains($0.1) }
        self.draft = BatchDraft(sent.map(\.0))
        self.known = known
        self.id = id
        self.isDerived = isDerived
        pool = template.pool
        tenant = template.tenant
        entries = self.draft.entries(id: id, ids: sent.map(\.1), template: template)
        labels = Dictionary(zip(identity.members, draft.members.map(\.labels))) { first, _ in first
        }
        guard !entries.isEmpty else {
            message = nil
            return
        }
        do throws(BatchMessage.Misfit) {
            guard pools.contains(template.pool) else {
                throw BatchMessage.Misfit(reason: "is for a pool that is not in the configuration")
            }
            message = try BatchMessage(
                self.draft,
                entries: entries,
                id: id,
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

    /// Which members are not to be sent, and the id of the batch that the others are.
    ///
    /// One of the batches may be this one, of which all or some has arrived: its members are sent, if anything
    /// is, as they were.
    private static func split(
        _ identity: BatchIdentity,
        _ batches: [UUID: UUID]
    ) -> (known: Set<UUID>, id: UUID) {
        for batch in Set(batches.values) {
            let others = Set(batches.keys.filter { batches[$0] != batch })
            if identity.batch(without: others) == batch { return (others, batch) }
        }
        let known = Set(batches.keys)
        guard known.isSuperset(of: identity.members) else {
            return (known, identity.batch(without: known))
        }
        let counts = Dictionary(batches.values.map { ($0, 1) }, uniquingKeysWith: +)
        let largest = counts.max { ($0.value, $0.key.text) < ($1.value, $1.key.text) }
        return (known, largest?.key ?? identity.batch)
    }

    /// Plans a batch under an id that no other tenant has taken, without what is known, as far as `records`
    /// tell.
    ///
    /// Where they tell nothing, all is sent; what another batch has is then refused as a conflict.
    ///
    /// - Parameters:
    ///   - draft: What is to be run.
    ///   - template: Pool and tenant.
    ///   - given: The batch's id; nil to derive it from the content.
    ///   - maximumRunning: How many members may run at once.
    ///   - pools: Those that are known here.
    ///   - limit: The longest body that is read.
    ///   - records: What is known.
    /// - Throws: ``ClientError`` for a limit of a batch that does not fit into one message.
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
            let identity = BatchIdentity(
                of: draft,
                tenant: template.tenant,
                pool: template.pool,
                maximumRunning: maximumRunning,
                batch: given,
                besides: others
            )
            let ids = zip(draft.members, identity.members).filter { $0.0.id == nil }.map(\.1)
            let batches =
                given == nil ? try? await records.batches(of: ids, tenant: template.tenant) : [:]
            try self.init(
                draft,
                identity,
                template: template,
                isDerived: given == nil,
                known: batches ?? [:],
                maximumRunning: maximumRunning,
                pools: pools,
                limit: limit
            )
            let record = try? await records.executions.batch(id)
            if !isDerived || record == nil || record?.tenant == tenant { return }
            others += 1
        }
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
