import Foundation

/// What CPU a job costs, by the programs of all processes on this machine.
struct ProcessorTime: Encodable {
    /// Milliseconds of CPU a job, by program.
    let milliseconds: [String: Double]

    /// Measures `body`, which runs so many jobs.
    init(jobs: Int, _ body: () async throws -> Void) async throws {
        let before = try Self.ticksByProgram()
        try await body()
        let after = try Self.ticksByProgram()
        let tick = 1_000 / Double(sysconf(Int32(_SC_CLK_TCK)))
        milliseconds = after.merging(before.mapValues(-)) { $0 + $1 }
            .mapValues { Double($0) * tick / Double(jobs) }
            // What ended meanwhile is not told, and what did next to nothing neither.
            .filter { $0.value >= 0.01 }
    }

    /// One line: what costs most first.
    var line: String {
        milliseconds.sorted { $0.value > $1.value }
            .map { String(format: "%@ %.2f ms", $0.key, $0.value) }
            .joined(separator: ", ")
    }

    /// The user and system time of every process, with those of its children that it has waited for; see
    /// proc_pid_stat(5).
    private static func ticksByProgram() throws -> [String: Int] {
        var ticks: [String: Int] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc")
        where name.allSatisfy(\.isNumber) {
            // It may have ended.
            guard let stat = try? String(contentsOfFile: "/proc/\(name)/stat", encoding: .utf8),
                let open = stat.firstIndex(of: "("), let close = stat.lastIndex(of: ")")
            else { continue }
            let program = String(stat[stat.index(after: open)..<close])
            let fields = stat[stat.index(after: close)...].split(separator: " ")
            // Fields 14 to 17, of which the first here is the third.
            ticks[program, default: 0] += fields[11...14].compactMap { Int($0) }.reduce(0, +)
        }
        return ticks
    }
}
