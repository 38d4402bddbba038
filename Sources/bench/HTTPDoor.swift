import Foundation
import SandmillConfiguration

/// `POST /execute/sync`, from a client that nobody here wrote: ApacheBench, over connections that it keeps.
struct HTTPDoor {
    private let url: String
    private let body: URL

    /// Measures a gateway that asks for no token.
    init(_ gateway: GatewayConfiguration) throws {
        url = "http://\(gateway.host):\(gateway.port)/execute/sync?wait=60"
        body = FileManager.default.temporaryDirectory.appending(path: "sandmill-bench-job.json")
        try JSONEncoder().encode(["source": Job.source]).write(to: body)
    }

    /// Runs so many jobs over so many connections at once.
    func throughput(jobs: Int, connections: Int) async throws -> Double {
        let report = try await measure(jobs: jobs, connections: connections, arguments: [])
        guard
            let line = report.split(separator: "\n").first(where: {
                $0.hasPrefix("Requests per second:")
            }),
            let figure = line.split(separator: " ").dropFirst(3).first,
            let rate = Double(figure)
        else { throw BenchError("ab told no requests per second") }
        return rate
    }

    /// Runs one job after the other.
    func latency(jobs: Int) async throws -> Latency {
        let times = FileManager.default.temporaryDirectory.appending(path: "sandmill-bench-times")
        defer { try? FileManager.default.removeItem(at: times) }
        _ = try await measure(jobs: jobs, connections: 1, arguments: ["-g", times.path])
        var latency = Latency()
        // A line each: when it began, in two forms, and what connecting, the answer, all, and waiting took.
        for line in try String(contentsOf: times, encoding: .utf8).split(separator: "\n")
            .dropFirst()
        {
            let columns = line.split(separator: "\t")
            guard columns.count == 6, let milliseconds = Double(columns[4]) else {
                throw BenchError("ab told times in another form")
            }
            latency.record(.milliseconds(milliseconds))
        }
        return latency
    }

    private func measure(jobs: Int, connections: Int, arguments: [String]) async throws -> String {
        // Answers differ in length, which is no failure.
        let common = [
            "-q", "-l", "-k", "-n", "\(jobs)", "-c", "\(connections)", "-p", body.path, "-T",
            "application/json",
        ]
        let file = FileManager.default.temporaryDirectory.appending(path: "sandmill-bench-ab")
        _ = FileManager.default.createFile(atPath: file.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: file) }
        let output = try FileHandle(forWritingTo: file)
        try await runProcess("/usr/bin/ab", common + arguments + [url], output: output)
        let report = try String(contentsOf: file, encoding: .utf8)
        guard report.contains("Failed requests:        0\n"), !report.contains("Non-2xx responses")
        else { throw BenchError("a request to \(url) failed: \(report)") }
        return report
    }
}
