import Foundation
import SandmillEntity
import SandmillRabbitMQ
import SandmillService

/// What a job costs while many others wait.
struct Backlog: Encodable {
    /// With so many waiting.
    struct Figure: Encodable {
        let waiting: Int
        let jobsPerSecond: Double
        /// What the worker holds; nil where it is not known.
        let workerMebibytes: Double?

        private enum CodingKeys: String, CodingKey {
            case waiting
            case jobsPerSecond = "jobs_per_second"
            case workerMebibytes = "worker_mebibytes"
        }
    }

    private static let sizes = [1_000, 10_000, 100_000]
    private static let batchSize = 10_000
    /// The tenant whose execution tells that all before it is there.
    private static let mark = "mark"

    let figures: [Figure]

    /// Fills the store step by step and measures `jobs` ends at each; the rest stays there.
    init(of endToEnd: EndToEnd, jobs: Int, workerProcess: Int32?) async throws {
        figures = try await endToEnd.events.withSubscription(to: ["execution.#"]) { subscription in
            var figures: [Figure] = []
            var waiting = 0
            var events = subscription.events.makeAsyncIterator()
            for size in Self.sizes {
                try await Self.fill(size - waiting, by: endToEnd)
                waiting = size
                // The batches are taken in one after the other; this one is the last.
                while let message = try await events.next() {
                    if try RecordedResult(message).tenant == Self.mark { break }
                    waiting -= 1
                }
                let start = ContinuousClock.now
                let count = min(jobs, waiting / 2)
                for _ in 0..<count {
                    if let message = try await events.next() { _ = try RecordedResult(message) }
                }
                let rate = Double(count) / ((ContinuousClock.now - start) / .seconds(1))
                figures.append(
                    Figure(
                        waiting: waiting,
                        jobsPerSecond: rate,
                        workerMebibytes: workerProcess.flatMap(Self.residentMebibytes)
                    )
                )
                waiting -= count
            }
            return figures
        }
    }

    var lines: [String] {
        figures.map { figure in
            String(
                format: "%7d waiting: %5.0f jobs/s%@",
                figure.waiting,
                figure.jobsPerSecond,
                figure.workerMebibytes.map { String(format: ", the worker holds %.0f MiB", $0) }
                    ?? ""
            )
        }
    }

    private static func fill(_ count: Int, by endToEnd: EndToEnd) async throws {
        for start in stride(from: 0, to: count, by: batchSize) {
            try await endToEnd.publish(
                EndToEnd.Batch(
                    count: min(batchSize, count - start),
                    tenant: "bench",
                    level: .normal
                )
            )
        }
        try await endToEnd.publish(EndToEnd.Batch(count: 1, tenant: mark, level: .high))
    }

    private static func residentMebibytes(_ process: Int32) -> Double? {
        let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let line = status?.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line?.split(separator: " ").dropFirst().first.flatMap { Double($0) }
            .map { $0 / 1_024 }
    }
}
