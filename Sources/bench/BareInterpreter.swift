import Foundation

/// What one does without Sandmill: `/usr/bin/python3 job.py`, as many at a time as there are CPUs.
struct BareInterpreter {
    private let script: URL

    init() throws {
        script = FileManager.default.temporaryDirectory.appending(path: "sandmill-bench-job.py")
        try Job.source.write(to: script, atomically: true, encoding: .utf8)
    }

    func throughput(jobs: Int) async throws -> Double {
        let lanes = ProcessInfo.processInfo.activeProcessorCount
        return try await jobsPerSecond(jobs / lanes * lanes) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<lanes {
                    group.addTask {
                        for _ in 0..<(jobs / lanes) { try await start() }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    func latency(jobs: Int) async throws -> Latency {
        var latency = Latency()
        for _ in 0..<jobs { try await latency.measure { try await start() } }
        return latency
    }

    private func start() async throws {
        try await runProcess("/usr/bin/python3", [script.path])
    }
}
