internal import PostgreSQL
internal import SandmillEntity
internal import SandmillService

/// Reads dead letters, of this version and of the one before.
enum DeadLetterQuery {
    /// SQL for a dead letter's routing key; of a row that has none it follows from the rest.
    static let address = #"""
        coalesce(routing_key, case
            when error_type = 'unroutable'
                then substring(reason from '^no queue takes the routing key "(.*)"$')
            when queue like '%.batches' then 'batch'
            else substring(queue from '^.*\.work\.(.+\.(?:high|normal|low))$')
        end)
        """#

    /// SQL for whether all of a dead letter's body is kept.
    static let isComplete = "octet_length(body) = body_bytes"

    /// `date_trunc`, because every time of the ports is in whole milliseconds.
    private static let keptAt = "date_trunc('milliseconds', kept_at) as kept_at"

    /// SQL for whose a dead letter is, as its index has it.
    static let tenant = "coalesce(properties->'headers'->>'tenant', 'default')"

    private static let columns = """
        id, \(keptAt), error_type, reason, queue, \(address) as address, \(tenant) as tenant,
        properties->>'message_id' as message_id, body_bytes, \(isComplete) as is_complete
        """

    /// A page of the dead letters that match.
    ///
    /// The filters without an index are one value, of which the planner supposes that every other row has
    /// it. From each alone it would conclude that no more than one row is left, and sort them all for
    /// each page instead of going down the index until the page is full.
    static func list(
        _ filter: DeadLetterFilter,
        below id: Int64?,
        limit: Int
    ) -> (sql: String, parameters: [any PostgreSQLValue]) {
        var statement = statement(filter)
        statement.require("id < \(statement.bind(id ?? .max))")
        let sql = statement.sql(
            columns,
            from: "dead_letters",
            orderedBy: "id desc",
            limit: limit
        )
        return (sql, statement.parameters)
    }

    /// How many dead letters match.
    static func count(
        _ filter: DeadLetterFilter
    ) -> (sql: String, parameters: [any PostgreSQLValue]) {
        var statement = statement(filter)
        return (statement.countSQL(from: "dead_letters", upTo: .max), statement.parameters)
    }

    private static func statement(_ filter: DeadLetterFilter) -> ListStatement {
        var statement = ListStatement()
        if let ids = filter.ids { statement.require("id = any(\(statement.bind(ids)))") }
        statement.require("error_type", in: filter.errorTypes)
        statement.require(tenant, in: filter.tenants)
        if let id = filter.message {
            statement.require("lower(properties->>'message_id') = \(statement.bind(id.text))")
        }
        statement.require("kept_at", since: filter.since, until: filter.until)
        if let age = filter.olderThan {
            statement.require("kept_at < \(ago(age, &statement))")
        }
        if let age = filter.newerThan {
            statement.require("kept_at >= \(ago(age, &statement))")
        }
        let others = unindexed(filter, &statement)
        if !others.isEmpty {
            let condition = others.joined(separator: " and ")
            statement.require("case when \(condition) then true else false end")
        }
        return statement
    }

    private static func ago(_ age: Duration, _ statement: inout ListStatement) -> String {
        "now() - make_interval(secs => \(statement.bind(age / .seconds(1))))"
    }

    private static func unindexed(
        _ filter: DeadLetterFilter,
        _ statement: inout ListStatement
    ) -> [String] {
        var conditions: [String] = []
        if let reason = filter.reason {
            conditions.append("position(\(statement.bind(reason)) in reason) > 0")
        }
        if !filter.pools.isEmpty {
            let pool = #"substring(\#(address) from '^(.*)\.[^.]*$')"#
            conditions.append("\(pool) = any(\(statement.bind(filter.pools)))")
        }
        if let batch = filter.batch {
            let text = statement.bind(batch.text)
            conditions.append(
                """
                (lower(properties->>'message_id') = \(text) or position(\(text) in reason) > 0
                    or position(convert_to(\(text), 'UTF8') in body) > 0)
                """
            )
        }
        return conditions
    }

    static let one = """
        select id, \(keptAt), error_type, reason, errors, queue, exchange, \(address) as address, deliveries,
            properties, body, body_bytes, coalesce(
                body_sha256, case when \(isComplete) then encode(sha256(body), 'hex') end
            ) as sha256
        from dead_letters where id = $1
        """
}
