import Foundation
import SandmillService

/// What sandboxes cost beside their jobs: their start, their memory, and their being new.
struct SandboxCosts: Encodable {
    /// How many are started at once.
    let count: Int
    /// Until all of them are ready.
    let secondsUntilReady: Double
    /// What an idle one holds, by the engine's account; the median.
    let idleMemoryMebibytes: Double
    /// The first job in a sandbox.
    let freshP50Milliseconds: Double
    /// A later one.
    let reusedP50Milliseconds: Double

    /// How many times as long as in a used sandbox the job takes in one that nobody has used.
    var freshTimesReused: Double { freshP50Milliseconds / reusedP50Milliseconds }

    /// Starts `count` sandboxes, and runs the job five times in each, one after the other.
    init(of job: SandboxJob, count: Int) async throws {
        self.count = count
        let start = ContinuousClock.now
        var ready = start
        var fresh = Latency()
        var reused = Latency()
        var memory: [Double] = []
        try await job.withSandboxes(count) { sandboxes in
            ready = .now
            memory = try Self.memory(of: sandboxes)
            for sandbox in sandboxes {
                try await fresh.measure { try await job.run(in: sandbox) }
                for _ in 0..<4 { try await reused.measure { try await job.run(in: sandbox) } }
            }
        }
        secondsUntilReady = (ready - start) / .seconds(1)
        idleMemoryMebibytes = memory.sorted()[memory.count / 2]
        freshP50Milliseconds = fresh.percentile(50)
        reusedP50Milliseconds = reused.percentile(50)
    }

    /// The figures for people.
    var lines: [String] {
        [
            String(format: "%d sandboxes ready after           %7.1f s", count, secondsUntilReady),
            String(format: "an idle sandbox holds              %7.1f MiB", idleMemoryMebibytes),
            String(
                format: "a job in a fresh, and a used one   %7.1f ms, %.1f ms: %.2f times",
                freshP50Milliseconds,
                reusedP50Milliseconds,
                freshTimesReused
            ),
        ]
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(count, forKey: .count)
        try container.encode(secondsUntilReady, forKey: .secondsUntilReady)
        try container.encode(idleMemoryMebibytes, forKey: .idleMemoryMebibytes)
        try container.encode(freshP50Milliseconds, forKey: .freshP50Milliseconds)
        try container.encode(reusedP50Milliseconds, forKey: .reusedP50Milliseconds)
        try container.encode(freshTimesReused, forKey: .freshTimesReused)
    }

    private enum CodingKeys: String, CodingKey {
        case count
        case secondsUntilReady = "seconds_until_ready"
        case idleMemoryMebibytes = "idle_memory_mib"
        case freshP50Milliseconds = "fresh_p50_ms"
        case reusedP50Milliseconds = "reused_p50_ms"
        case freshTimesReused = "fresh_times_reused"
    }

    /// What `docker stats` says, in mebibytes.
    private static func memory(of sandboxes: [any Sandbox]) throws -> [Double] {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            ["docker", "stats", "--no-stream", "--format", "{{.MemUsage}}"]
            + sandboxes.map(\.id)
        process.standardOutput = output
        try process.run()
        let text = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(),
            as: UTF8.self
        )
        process.waitUntilExit()
        // 9.383MiB / 160MiB
        let figures = text.split(separator: "\n").compactMap { line in
            line.split(separator: "MiB").first.flatMap { Double($0) }
        }
        guard figures.count == sandboxes.count else {
            throw SandboxError(.engineUnavailable, "docker stats says \(text.debugDescription)")
        }
        return figures
    }
}
