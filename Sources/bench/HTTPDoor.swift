import Foundation
import SandmillConfiguration

/// `POST /execute/sync`, from a client that nobody here wrote: wrk, over connections that it keeps.
struct HTTPDoor {
    /// What a run came to.
    struct Figures {
        let jobsPerSecond: Double
        /// Of a job, in milliseconds, by percent of all.
        let percentiles: [Int: Double]
    }

    private let url: String
    private let script: URL

    /// Measures a gateway that asks for no token.
    init(_ gateway: GatewayConfiguration) throws {
        url = "http://\(gateway.host):\(gateway.port)/execute/sync?wait=60"
        script = FileManager.default.temporaryDirectory.appending(path: "sandmill-bench.lua")
        let body = String(
            decoding: try JSONEncoder().encode(["source": Job.source]),
            as: UTF8.self
        )
        let lua = """
            wrk.method = "POST"
            wrk.headers["Content-Type"] = "application/json"
            wrk.body = [==[\(body)]==]
            """
        try lua.write(to: script, atomically: true, encoding: .utf8)
    }

    /// Runs jobs for some seconds over so many connections at once.
    func measure(seconds: Int, connections: Int) async throws -> Figures {
        let file = FileManager.default.temporaryDirectory.appending(path: "sandmill-bench-wrk")
        _ = FileManager.default.createFile(atPath: file.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: file) }
        let arguments = [
            "--threads", "1", "--connections", "\(connections)", "--duration", "\(seconds)s",
            "--timeout", "60s", "--latency", "--script", script.path, url,
        ]
        try await runProcess(
            "/usr/bin/wrk",
            arguments,
            output: try FileHandle(forWritingTo: file)
        )
        let report = try String(contentsOf: file, encoding: .utf8)
        guard !report.contains("Non-2xx"), !report.contains("Socket errors") else {
            throw BenchError("a request to \(url) failed: \(report)")
        }
        return try Figures(report)
    }
}

extension HTTPDoor.Figures {
    /// Reads what wrk says, such as `  50%   12.05ms` and `Requests/sec:  106.20`.
    init(_ report: String) throws {
        var rate: Double?
        var percentiles: [Int: Double] = [:]
        for line in report.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2 else { continue }
            if words[0] == "Requests/sec:" { rate = Double(words[1]) }
            if words[0].hasSuffix("%"), let percent = Int(words[0].dropLast()) {
                percentiles[percent] = Self.milliseconds(words[1])
            }
        }
        guard let rate, percentiles[50] != nil, percentiles[99] != nil else {
            throw BenchError("wrk reports in another form: \(report)")
        }
        (jobsPerSecond, self.percentiles) = (rate, percentiles)
    }

    private static func milliseconds(_ text: Substring) -> Double? {
        for (unit, milliseconds) in [("us", 0.001), ("ms", 1), ("s", 1_000)]
        where text.hasSuffix(unit) {
            return Double(text.dropLast(unit.count)).map { $0 * milliseconds }
        }
        return nil
    }
}
