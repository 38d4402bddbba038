import SandmillService

/// The sandboxes without broker, records and results: as many at a time as there are CPUs.
struct SandboxesAlone {
    let job: SandboxJob
    let sandboxes: [any Sandbox]

    func throughput(jobs: Int) async throws -> Double {
        let share = jobs / sandboxes.count
        return try await jobsPerSecond(share * sandboxes.count) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for sandbox in sandboxes {
                    group.addTask {
                        for _ in 0..<share { try await job.run(in: sandbox) }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    func latency(jobs: Int) async throws -> Latency {
        var latency = Latency()
        for _ in 0..<jobs { try await latency.measure { try await job.run(in: sandboxes[0]) } }
        return latency
    }
}
