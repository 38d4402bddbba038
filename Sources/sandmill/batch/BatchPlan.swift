import Foundation
import SandmillConfiguration
import SandmillEntity
import SandmillRepository
import SandmillService

/// A batch as it will be sent: what, under which ids, and how.
///
/// It is one message if that can be: then a worker takes in all of it or nothing, and counts the
/// members that it refuses. What does not fit, has members of different levels, or is for a pool that
/// this configuration does not know, is a message a member.
struct BatchPlan {
    let draft: BatchDraft
    let id: UUID
    let pool: String
    let tenant: String
    /// The members as requests of their own.
    let entries: [Submitter.Entry]
    /// All of them as one message; nil when each is sent by itself.
    let message: BatchMessage?
    /// Whether the ids follow from the content.
    let isDerived: Bool

    /// Plans a batch.
    ///
    /// - Parameters:
    ///   - draft: What is to be run.
    ///   - template: Pool and tenant.
    ///   - given: The batch's id; nil to derive it from the content.
    ///   - maximumRunning: How many members may run at once.
    ///   - others: How many ids of this content are another tenant's.
    ///   - configuration: Knows the pools, and how long a message may be.
    /// - Throws: ``Failure`` for a limit of a batch that does not fit into one message.
    init(
        _ draft: BatchDraft,
        template: Submitter.Entry,
        id given: UUID?,
        maximumRunning: Int?,
        besides others: Int = 0,
        configuration: Configuration
    ) throws(Failure) {
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
            guard configuration.pools.contains(where: { $0.name == template.pool }) else {
                throw BatchMessage.Misfit(reason: "is for a pool that is not in the configuration")
            }
            message = try BatchMessage(
                draft,
                entries: entries,
                id: identity.batch,
                maximumRunning: maximumRunning,
                limit: configuration.broker.maximumBody
            )
        } catch {
            guard maximumRunning == nil else {
                throw Failure(
                    .wrongInput,
                    "--max-running is for a batch that is one message, and this one "
                        + error.reason
                )
            }
            message = nil
        }
    }

    /// The labels of the members, by their ids.
    var labels: [UUID: JSONValue] {
        Dictionary(
            zip(entries, draft.members).map { ($0.id, $1.fields["labels"] ?? .null) }
        ) { first, _ in first }
    }

    /// What is known of it already; nil when nothing is.
    ///
    /// - Throws: ``Failure`` when the id is that of other work, ``StoreError``.
    func record(in database: DatabaseClient) async throws -> BatchRecord? {
        guard let record = try await database.executions.batch(id) else { return nil }
        var isSame = isDerived
        if !isSame { isSame = try await recordHasMember(in: database) }
        guard record.tenant == tenant, record.size == entries.count, isSame else {
            throw Failure(.wrongInput, "\(id.text) is the id of another batch")
        }
        return record
    }

    /// Members' ids follow from the content, so one that is known shows that the content is the same.
    private func recordHasMember(in database: DatabaseClient) async throws -> Bool {
        for entry in entries.prefix(16) {
            if try await database.executions.execution(entry.id)?.batchID == id { return true }
        }
        return false
    }
}
