import Foundation
import SandmillClient
import SandmillEntity
import SandmillRabbitMQ
import SandmillService

/// How a saturated worker shares itself between levels and tenants.
struct Fairness: Encodable {
    /// What each level had of the ends while all three had executions waiting, in percent; the
    /// weights say 70.6, 23.5 and 5.9.
    let shares: [String: Double]
    /// The most ends between two of the level `low` in that time.
    let longestGapOfLow: Int
    /// Ends of a tenant with a backlog between the publishing of another's execution and its end.
    let endsBeforeAnotherTenant: Probes
    /// Ends of a backlog of `low` between the publishing of one of `high` and its end.
    let endsBeforeHigh: Probes

    /// What several probes found.
    struct Probes: Encodable {
        let median: Int
        let most: Int

        init(_ counts: [Int]) {
            median = counts.sorted()[counts.count / 2]
            most = counts.max() ?? 0
        }
    }

    private static let backlog = 3_000
    private static let probes = 15

    /// Measures by `endToEnd`, whose worker has nothing else to do.
    init(of endToEnd: EndToEnd) async throws {
        let ends = try await Self.saturate(endToEnd)
        var counts: [Level: Int] = [:]
        for level in ends { counts[level, default: 0] += 1 }
        shares = Dictionary(
            uniqueKeysWithValues: counts.map {
                ($0.key.rawValue, 100 * Double($0.value) / Double(ends.count))
            }
        )
        longestGapOfLow = ends.split(separator: .low).map(\.count).max() ?? 0
        endsBeforeAnotherTenant = try await Self.probe(
            endToEnd,
            behind: EndToEnd.Batch(count: Self.backlog, tenant: "large", level: .normal),
            tenant: "small",
            level: .normal
        )
        endsBeforeHigh = try await Self.probe(
            endToEnd,
            behind: EndToEnd.Batch(count: Self.backlog, tenant: "bench", level: .low),
            tenant: "bench",
            level: .high
        )
    }

    var lines: [String] {
        let parts = Level.allCases.map {
            String(format: "%@ %.1f %%", $0.rawValue, shares[$0.rawValue, default: 0])
        }
        return [
            "three saturated levels          " + parts.joined(separator: ", "),
            "most ends between two of low    \(longestGapOfLow)",
            "another tenant's, behind a backlog of \(Self.backlog): "
                + "\(endsBeforeAnotherTenant.median) of it end before, at most "
                + "\(endsBeforeAnotherTenant.most)",
            "one of high, behind \(Self.backlog) of low: "
                + "\(endsBeforeHigh.median) of them end before, at most \(endsBeforeHigh.most)",
        ]
    }

    /// The levels of the ends, from when all three had come to when the first has none waiting.
    private static func saturate(_ endToEnd: EndToEnd) async throws -> [Level] {
        let ends = try await endToEnd.events.withSubscription(to: ["execution.#"]) {
            subscription in
            for level in Level.allCases.reversed() {
                try await endToEnd.publish(
                    EndToEnd.Batch(count: backlog, tenant: "bench", level: level)
                )
            }
            var ends: [Level] = []
            for try await message in subscription.events {
                if let level = try RecordedResult(message).level?.known { ends.append(level) }
                if ends.count == backlog * 3 { break }
            }
            return ends
        }
        guard let first = ends.firstIndex(of: .high) else { return ends }
        // What was held before the last level came is not shared.
        let start = min(first + 200, ends.count)
        let saturated = ends[start...]
        let high = ends[..<start].count { $0 == .high }
        var left = backlog - high - 100
        return Array(
            saturated.prefix { level in
                if level == .high { left -= 1 }
                return left > 0
            }
        )
    }

    /// Publishes executions one after the other while a backlog runs.
    private static func probe(
        _ endToEnd: EndToEnd,
        behind batch: EndToEnd.Batch,
        tenant: String,
        level: Level
    ) async throws -> Probes {
        try await endToEnd.events.withSubscription(to: ["execution.#"]) { subscription in
            var counts: [Int] = []
            var ends = 0
            var before = 0
            var waitingFor: UUID?
            try await endToEnd.publish(batch)
            for try await message in subscription.events {
                ends += 1
                let id = try RecordedResult(message).id
                if id == waitingFor {
                    counts.append(ends - before - 1)
                    waitingFor = nil
                }
                // The backlog runs, and the last probe is over for a while.
                if waitingFor == nil, counts.count < probes, ends >= 200 + counts.count * 150 {
                    let entry = endToEnd.entry(UUID(), tenant: tenant, level: level)
                    before = ends
                    waitingFor = entry.id
                    try await endToEnd.publish([entry])
                }
                if ends == batch.count + counts.count, counts.count == probes { break }
            }
            return Probes(counts)
        }
    }
}
