internal import FoundationEssentials
internal import PostgreSQL
internal import SandmillEntity
internal import SandmillService

/// Keeps dead letters.
enum LetterStatement {
    static func parameters(_ letters: [DeadLetter]) -> [any PostgreSQLValue] {
        [
            letters.map(\.errorType),
            letters.map(\.reason),
            letters.map(\.queue),
            letters.map(\.routingKey),
            letters.map { $0.deliveries.map(Int32.init(clamping:)) },
            letters.map { StoredJSON.encode(StoredProperties($0.properties)) },
            letters.map { Data($0.body) },
            letters.map(\.bodySize.bytes),
            letters.map(\.sha256),
        ]
    }

    static let sql = """
        insert into dead_letters (
            error_type, reason, queue, routing_key, deliveries, properties, body, body_bytes,
            body_sha256)
        select error_type, reason, queue, routing_key, deliveries, properties::json, body,
            body_bytes, coalesce(digest, encode(sha256(body), 'hex'))
        from unnest(
            $1::text[], $2::text[], $3::text[], $4::text[], $5::int4[], $6::text[], $7::bytea[],
            $8::int8[], $9::text[]
        ) as letter(
            error_type, reason, queue, routing_key, deliveries, properties, body, body_bytes,
            digest)
        """
}
