internal import FoundationEssentials
internal import PostgreSQL
internal import SandmillEntity
internal import SandmillService

/// Takes in a batch that came as one message, by a few statements of one transaction.
enum BatchStatement {
    private static let groupSize = 256

    static func admit(
        _ batch: BatchAdmission,
        cluster: String,
        on connection: isolated Connection
    ) throws -> BatchOutcome {
        let made = try connection.query(
            """
            insert into batches (
                id, tenant, pool, size, pending, max_running, digest, reply_to, correlation_id,
                submitted_at)
            values (
                $1, $2, $3, $4, $4, $5, sha256($6), $7, $8, date_trunc('milliseconds', now()))
            on conflict (id) do nothing
            """,
            [
                batch.id, batch.tenant, batch.pool, batch.size, batch.maximumRunning,
                Data(batch.message.body), batch.message.properties.replyTo,
                batch.message.properties.correlationID,
            ]
        )
        guard made.affectedCount > 0 else { return try known(batch, on: connection) }
        var refused = batch.refused
        var shared: [DeadLetter] = []
        for start in stride(from: 0, to: batch.members.count, by: groupSize) {
            let group = Array(batch.members[start..<min(start + groupSize, batch.members.count)])
            let left = try admit(group, of: batch, on: connection)
            let known = try SharedMembers.find(
                among: left.map(\.member),
                of: batch.id,
                on: connection
            )
            for (member, reason) in left {
                if known.contains(member.submission.id) {
                    let reason = "the same request was taken in before, outside of this batch"
                    shared.append(DeadLetter(member, of: batch, reason: reason))
                } else {
                    refused.append(DeadLetter(member, of: batch, reason: reason))
                }
            }
        }
        for start in stride(from: 0, to: refused.count, by: groupSize) {
            let group = Array(refused[start..<min(start + groupSize, refused.count)])
            try DeadLetterStatement.keep(
                group,
                members: group.map { RefusedMember($0, of: batch) },
                cameWithBatch: true,
                cluster: cluster,
                on: connection
            )
        }
        if !shared.isEmpty {
            let ids = shared.compactMap { $0.properties.messageID.flatMap(UUID.init(uuidString:)) }
            try connection.query(
                SharedMembers.note(cluster: "$3"),
                [batch.id, ids, cluster]
            )
        }
        if batch.maximumRunning != nil {
            _ = try connection.query(HeldMembers.repair, [batch.id])
        }
        return .admitted(refused: refused + shared)
    }

    /// Whether a batch that is there is the same.
    private static func known(
        _ batch: BatchAdmission,
        on connection: isolated Connection
    ) throws -> BatchOutcome {
        let row = try connection.query(
            """
            select digest = sha256($2) as is_same, case when tenant <> $3
                then \(ClaimStatement.ownID(insteadOf: "id", tenant: "$3")) end as own_id
            from batches where id = $1
            """,
            [batch.id, Data(batch.message.body), batch.tenant]
        )[0]
        if let id: UUID = try row["own_id"] { return .taken(id) }
        let isSame: Bool? = try row["is_same"]
        return isSame == true
            ? .duplicate : .conflict("the id is that of another batch")
    }

    /// Takes in members; those whose id is known are left, each with the reason.
    private static func admit(
        _ members: [Claim],
        of batch: BatchAdmission,
        on connection: isolated Connection
    ) throws -> [(member: Claim, reason: String)] {
        let rows = try connection.query(
            ClaimStatement.sql,
            ClaimStatement.parameters(members, cameWithBatch: true)
        )
        var left: [(member: Claim, reason: String)] = []
        var renamed: [Claim] = []
        for (member, row) in zip(members, rows) {
            var reason = "the id is that of another execution"
            switch try ClaimStatement.outcome(row, of: member) {
            case .parked where try row["is_new"], .deferred where try row["is_new"]: continue
            case .taken(let claim):
                renamed.append(claim)
                continue
            case .conflict(let conflict): reason = conflict
            case .parked, .deferred, .duplicate, .claimed, .queued, nil: break
            }
            left.append((member, reason))
        }
        guard !renamed.isEmpty else { return left }
        renamed.sort { $0.submission.id < $1.submission.id }
        return left + (try admit(renamed, of: batch, on: connection))
    }
}

extension DeadLetter {
    /// The dead letter of a member that cannot be taken in.
    fileprivate init(_ member: Claim, of batch: BatchAdmission, reason: String) {
        var properties = member.request.properties
        properties.userID = batch.message.properties.userID
        self.init(
            errorType: RequestRefusal.Kind.idConflict.rawValue,
            reason: reason,
            queue: batch.queue,
            routingKey: member.outboundMessage.routingKey,
            deliveries: nil,
            properties: properties,
            body: .complete(member.request.body)
        )
        batchID = batch.id
    }
}

extension RefusedMember {
    /// Each has an id, its own or one of its place; a made up one is never asked for.
    fileprivate init(_ letter: DeadLetter, of batch: BatchAdmission) {
        self.init(
            id: letter.properties.messageID.flatMap(UUID.init(uuidString:)) ?? .random(),
            tenant: batch.tenant,
            pool: batch.pool,
            batch: Submission.Membership(id: batch.id, size: batch.size)
        )
    }
}
