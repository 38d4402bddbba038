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
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = [script.path]
        process.standardOutput = FileHandle.nullDevice
        let (exits, exit) = AsyncStream<Int32>.makeStream()
        process.terminationHandler = { process in
            exit.yield(process.terminationStatus)
            exit.finish()
        }
        try process.run()
        for await status in exits where status != 0 {
            throw CocoaError(.executableLoad)
        }
    }
}
