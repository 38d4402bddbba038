import Foundation
import PostgreSQL
import SandmillConfiguration
import SandmillEntity
import SandmillRepository
import SandmillService

/// What it costs the record store to take what waits there, by how many wait and by whose they are.
///
/// It has a schema of its own, which it drops, and needs neither broker nor sandboxes.
struct Growth: Encodable {
    /// Takes while so many wait of so many tenants.
    struct Take: Encodable {
        let waiting: Int
        let tenants: Int
        /// The median, of each execution that is taken.
        let milliseconds: Double
        /// How many times the first row's.
        let ratio: Double
    }

    /// Everything that waits, taken and ended.
    struct Drain: Encodable {
        let tenants: Int
        let executionsEach: Int
        let executionsPerSecond: Double
        /// How many times the first row's.
        let ratio: Double

        private enum CodingKeys: String, CodingKey {
            case tenants, ratio
            case executionsEach = "executions_each"
            case executionsPerSecond = "executions_per_second"
        }
    }

    private static let takes = 50
    private static let pool = "growth"

    let takesByWaiting: [Take]
    let takesByTenants: [Take]
    let drains: [Drain]

    private enum CodingKeys: String, CodingKey {
        case drains
        case takesByWaiting = "takes_by_waiting"
        case takesByTenants = "takes_by_tenants"
    }

    /// Measures with at most `limit` executions.
    init(_ configuration: Configuration, limit: Int, note: (String) -> Void) async throws {
        let store = try await GrowthStore(configuration, pool: Self.pool)
        let sizes = [1_000, 10_000, 100_000, 1_000_000].filter { $0 <= limit }
        let middle = min(limit, 100_000)
        takesByWaiting = try await Self.takes(sizes.map { ($0, 1) }, of: store, note: note)
        takesByTenants = try await Self.takes(
            [1, 1_000, 10_000, 100_000].filter { $0 <= middle }.map { (middle, $0) },
            of: store,
            note: note
        )
        var drains: [Drain] = []
        for tenants in [1, middle] {
            note("\(middle) executions of \(tenants) tenants end")
            try await store.fill(middle, tenants: tenants)
            let rate = try await jobsPerSecond(middle) { try await store.drain() }
            drains.append(
                Drain(
                    tenants: tenants,
                    executionsEach: middle / tenants,
                    executionsPerSecond: rate,
                    ratio: rate / (drains.first?.executionsPerSecond ?? rate)
                )
            )
        }
        self.drains = drains
        try await store.close()
    }

    private static func takes(
        _ kinds: [(waiting: Int, tenants: Int)],
        of store: GrowthStore,
        note: (String) -> Void
    ) async throws -> [Take] {
        var rows: [Take] = []
        for (waiting, tenants) in kinds {
            note("takes with \(waiting) waiting of \(tenants) tenants")
            try await store.fill(waiting, tenants: tenants)
            var times: [Double] = []
            for _ in 0..<takes {
                let start = ContinuousClock.now
                let taken = try await store.take()
                times.append((ContinuousClock.now - start) / .milliseconds(taken.count))
            }
            let median = times.sorted()[times.count / 2]
            rows.append(
                Take(
                    waiting: waiting,
                    tenants: tenants,
                    milliseconds: median,
                    ratio: median / (rows.first?.milliseconds ?? median)
                )
            )
        }
        return rows
    }

    /// The figures for people.
    var table: String {
        var lines = ["waiting  tenants  ms to take one  ratio"]
        for rows in [takesByWaiting, takesByTenants] {
            lines += rows.map {
                String(
                    format: "%7d  %7d  %14.3f  %5.2f",
                    $0.waiting,
                    $0.tenants,
                    $0.milliseconds,
                    $0.ratio
                )
            }
            lines.append("")
        }
        lines.append("tenants  executions each  taken and ended/s  ratio")
        lines += drains.map {
            String(
                format: "%7d  %15d  %17.0f  %5.2f",
                $0.tenants,
                $0.executionsEach,
                $0.executionsPerSecond,
                $0.ratio
            )
        }
        return lines.joined(separator: "\n")
    }
}

/// A record store of the bench's own, as one worker uses it.
private struct GrowthStore {
    /// So many are taken at once: what four sandboxes and as much again have room for.
    private static let count = 16
    private static let worker = "growth"

    private let name: String
    private let database: Database
    private let executions: PostgreSQLExecutionStore
    private let outbox: PostgreSQLOutbox
    private let sessions: Pool
    private let drop: String

    init(_ configuration: Configuration, pool name: String) async throws {
        self.name = name
        let schema = configuration.database.schema + "_growth"
        database = Database(
            url: configuration.database.url,
            schema: schema,
            connections: 2,
            applicationName: "sandmill-bench"
        )
        executions = PostgreSQLExecutionStore(database, cluster: "bench")
        outbox = PostgreSQLOutbox(database, cluster: "bench")
        var settings = ConnectionConfiguration(
            configuration.database.url,
            applicationName: "sandmill-bench"
        )
        settings.settings["search_path"] = "\"\(schema)\""
        sessions = Pool(settings, size: 1)
        drop = "drop schema if exists \"\(schema)\" cascade"
        try await sessions.query(drop)
        _ = try await Migrator(database).migrate()
    }

    func close() async throws {
        try await sessions.query(drop)
        database.close()
        sessions.close()
    }

    /// Lets so many executions wait, those of each tenant between those of the others.
    func fill(_ waiting: Int, tenants: Int) async throws {
        try await sessions.query("truncate executions, attempts, files, outbox, lane_turns")
        try await sessions.query(
            """
            insert into executions (
                id, tenant, pool, level, runtime, labels, state, waits, attempt, submitted_at,
                available_at, request_properties, request_digest, request_body)
            select gen_random_uuid(), 'tenant-' || md5((n % $2)::text), $3, 'normal', 'python', '{}',
                'queued', 'store', 0, now() + (n - $1) * interval '1 us', now(),
                '{"headers": {}, "message_id": "x"}', '', convert_to($4, 'UTF8')
            from generate_series(1, $1::int8) as n
            """,
            [waiting, tenants, name, #"{"source": "print(sum(range(1000)))"}"#],
            timeout: .seconds(600)
        )
        try await sessions.query("vacuum analyze executions", timeout: .seconds(600))
    }

    func take() async throws -> [TakenExecution] {
        try await executions.take(
            TakeRequest(
                token: UUID(),
                worker: Self.worker,
                pool: name,
                count: Self.count,
                newcomers: Self.count,
                held: [:]
            )
        )
    }

    /// Takes and ends all that waits, group by group, and announces it to nobody.
    func drain() async throws {
        while true {
            let taken = try await take()
            guard !taken.isEmpty else { return }
            let messages = try await executions.finish(taken.map(Self.end))
            try await outbox.remove(messages.map(\.id))
        }
    }

    private static func end(_ taken: TakenExecution) -> FinishedExecution {
        let record = taken.unrunnable.record
        var document = ResultDocument(
            id: record.id,
            tenant: record.tenant,
            pool: record.pool,
            level: record.level,
            runtime: taken.unrunnable.runtime,
            batchID: nil,
            labels: [:],
            outcome: Outcome(.succeeded, exitCode: 0),
            attempt: taken.grant.attempt,
            submittedAt: record.submittedAt,
            startedAt: taken.grant.startedAt,
            finishedAt: taken.grant.startedAt,
            worker: worker
        )
        document.resultsPath = "2026-11-30/\(record.id)/1"
        let encoded = Array(#"{"state": "succeeded", "stdout": {"preview": "499500\n"}}"#.utf8)
        return FinishedExecution(
            worker: worker,
            attempt: taken.grant.attempt,
            document: document,
            encodedDocument: encoded,
            sandbox: "sandbox",
            events: [
                OutboundMessage(
                    exchange: .events,
                    routingKey: "execution.succeeded.growth.tenant",
                    properties: MessageProperties(),
                    body: encoded
                )
            ]
        )
    }
}
