import Foundation
import SandmillAPI
import SandmillClient
import SandmillEntity
import SandmillService

/// What `sandmill top` shows: the installation on one screen.
struct TopScreen {
    /// What the installation is called.
    let cluster: String
    /// What the broker tells; nil while it cannot be reached.
    let queues: [BrokerQueue]?
    let census: QueueStatistics
    let workers: [WorkerRecord]
    let activity: Activity
    /// The pools of the configuration.
    let pools: [String]
    /// Over how long the pace is taken.
    let window: Duration
    let time: Date

    /// The screen, at most `height` lines of at most `width` columns.
    func lines(width: Int, height: Int) -> [String] {
        var lines = summary(width: width) + [""] + poolTable + [""]
        if workers.isEmpty {
            lines.append("No worker is alive: nothing runs.")
        } else {
            lines += workerTable
        }
        lines.append("")
        let room = max(height - lines.count - 1, 0)
        lines += runningTable(room: room, width: width)
        return lines.prefix(height).map { $0.cut(to: width) }
    }

    private func summary(width: Int) -> [String] {
        let alive = workers.filter { $0.state != .lost }
        let draining = alive.count { $0.state != .active }
        let letters = census.deadLetters.values.reduce(0, +)
        let clock = time.formatted(.dateTime.hour(.twoDigits(amPM: .omitted)).minute().second())
        let name = "sandmill \(cluster.printable)"
        let figures = [
            "workers \(alive.count)" + (draining > 0 ? " (\(draining) draining)" : ""),
            "outbox \(census.outbox)", "dead letters \(letters)",
            queues == nil ? "BROKER AWAY" : nil,
        ].compactMap(\.self)
        let space = max(width - name.count - clock.count, 1)
        return [
            name + String(repeating: " ", count: space) + clock,
            figures.joined(separator: "   "),
        ]
    }

    private var poolTable: [String] {
        let list = PoolList(pools, census: census, queues: queues ?? [], workers: workers)
        let header = [
            "POOL", "SLOTS", "RUNNING", "WAITING", "BROKER", "ENDS/S", "FAIL/S", "WAIT P50", "P95",
            "OLDEST",
        ]
        let seconds = window / .seconds(1)
        let rows = list.pools.map { pool in
            let pace = activity.paces.first { $0.pool == pool.name }
            return [
                pool.name.printable, String(pool.slots), String(pool.running),
                String(pool.waiting), queues == nil ? "?" : String(pool.brokerReady),
                Self.rate(Double(pace?.ended ?? 0) / seconds),
                Self.rate(Double(pace?.unsuccessful ?? 0) / seconds),
                Self.time(pace?.medianWait), Self.time(pace?.longWait),
                Self.time(pool.oldestWaitingSeconds.map { .seconds($0) }),
            ]
        }
        return Self.table([header] + rows, texts: 1)
    }

    private var workerTable: [String] {
        let header = ["WORKER", "STATE", "RUNNING", "SLOTS", "UNACKED", "UP"]
        let rows = workers.map { worker in
            [
                worker.id.printable, worker.state.rawValue, String(worker.running),
                String(worker.slots.values.reduce(0, +)),
                String(worker.unacknowledged.values.reduce(0, +)),
                Self.time(.seconds(max(time.timeIntervalSince(worker.registeredAt), 0))),
            ]
        }
        return Self.table([header] + rows, texts: 2)
    }

    private func runningTable(room: Int, width: Int) -> [String] {
        if activity.running.isEmpty { return ["Nothing runs."] }
        let isWide = width >= 100
        var header = ["EXECUTION", "TENANT", "POOL", "LEVEL", "RUNTIME", "TRY", "FOR"]
        if isWide { header.insert("WORKER", at: 4) }
        let rows = activity.running.prefix(max(room - 1, 1)).map { execution in
            var row = [
                isWide ? execution.id.text : String(execution.id.text.prefix(8)),
                execution.tenant.printable.cut(to: 20), execution.pool.printable.cut(to: 12),
                execution.level, execution.runtime, String(execution.attempt),
                Self.time(execution.age),
            ]
            if isWide { row.insert(execution.worker.printable.cut(to: 16), at: 4) }
            return row
        }
        return Self.table([header] + rows, texts: header.count - 2)
    }

    /// Rows in columns: the first `texts` to the left, figures to the right.
    private static func table(_ rows: [[String]], texts: Int) -> [String] {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { index, cell in
                let space = String(repeating: " ", count: widths[index] - cell.count)
                return index < texts ? cell + space : space + cell
            }
            return cells.joined(separator: "  ")
        }
    }

    private static func rate(_ value: Double) -> String {
        value == 0 ? "0" : value < 10 ? String(format: "%.1f", value) : String(Int(value.rounded()))
    }

    /// A time in two or three digits with its unit; `-` for nil.
    static func time(_ duration: Duration?) -> String {
        guard let duration else { return "-" }
        let seconds = duration / .seconds(1)
        return switch seconds {
        case ..<0.9995: "\(Int((seconds * 1_000).rounded())) ms"
        case ..<9.95: String(format: "%.1f s", seconds)
        case ..<120: "\(Int(seconds.rounded())) s"
        case ..<7_200: "\(Int(seconds / 60)) min"
        case ..<172_800: "\(Int(seconds / 3_600)) h"
        default: "\(Int(seconds / 86_400)) d"
        }
    }
}
