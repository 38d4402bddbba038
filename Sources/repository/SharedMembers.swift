internal import FoundationEssentials
internal import PostgreSQL
internal import SandmillEntity
internal import SandmillService

/// Members of a batch that are executions already, outside of it and with the same request: they run once.
///
/// The batch does not wait for them. It counts them with those that are refused, but they are no dead letters.
enum SharedMembers {
    /// Those of some members whose ids are known which are the same work as what is known.
    static func find(
        among members: [Claim],
        of batch: UUID,
        on connection: isolated Connection
    ) throws -> Set<UUID> {
        guard !members.isEmpty else { return [] }
        let rows = try connection.query(
            """
            select id, tenant, pool, level, request_body from executions
            where id = any($1) and batch_id is distinct from $2 and request_body is not null
            """,
            [members.map(\.submission.id), batch]
        )
        var requests: [UUID: Row] = [:]
        for row in rows { requests[try row["id"]] = row }
        var shared: Set<UUID> = []
        for member in members {
            let submission = member.submission
            guard let known = requests[submission.id] else { continue }
            let body: Data = try known["request_body"]
            guard try known["tenant"] == submission.tenant, try known["pool"] == submission.pool,
                try known["level"] == submission.level.rawValue,
                let work = work(Array(body)), work == self.work(member.request.body)
            else { continue }
            shared.insert(submission.id)
        }
        return shared
    }

    /// A request without the batch that it is a member of; nil for what is no request.
    private static func work(_ body: [UInt8]) -> [String: JSONValue]? {
        guard
            case .object(var fields)? = try? JSONDecoder().decode(JSONValue.self, from: Data(body))
        else { return nil }
        fields["batch"] = nil
        return fields
    }

    /// SQL that takes the members `$2` off what the batch `$1` waits for; the last completes it.
    static func note(cluster parameter: String) -> String {
        """
        with member as (
            insert into refused_members (batch_id, member_id, is_shared)
            select $1, id, true from unnest($2::uuid[]) as shared (id) order by id
            on conflict do nothing
        ),
        batch as (
            update batches
            set refused = refused + cardinality($2), pending = pending - cardinality($2),
                finished_at = case when pending <= cardinality($2)
                    then date_trunc('milliseconds', clock_timestamp()) end
            where id = $1
            returning batches.*
        ),
        completion as materialized (
            select gen_random_uuid() as event_id, batch.* from batch where pending = 0
        )
        insert into outbox (available_at, message, body)
        select now(), message, completed_event.body
        from completion, lateral (\(BatchCompletion.sql(cluster: parameter))) as completed_event
        """
    }
}
