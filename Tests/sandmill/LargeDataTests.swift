import Foundation
import Hashing
import Testing

extension SystemTests {
    /// What is large passes through the worker piece by piece.
    @Suite(.installationWithoutWorker, .timeLimit(.minutes(5)))
    struct LargeDataTests {
        private static let settings = [
            "SANDMILL_POOLS_PYTHON_SCRATCH": "128MiB",
            "SANDMILL_POOLS_PYTHON_LIMITS_DEFAULT_OUTPUT": "128MiB",
            "SANDMILL_POOLS_PYTHON_LIMITS_DEFAULT_MEMORY": "192MiB",
        ]
        private static let megabyte = 1_000_000

        @Test func filesOfAHundredMegabytesLeaveTheWorkersMemoryFlat() async throws {
            let installation = try Installation.current
            let worker = try await installation.startWorker("worker-a", settings: Self.settings)
            // Whatever a worker needs for any program, it has used then.
            _ = try await installation.result(of: "open('small', 'wb').write(bytes(1000000))")
            let before = try worker.peakMemory()
            let result = try await installation.result(
                of: """
                    with open("big", "wb") as file:
                        for number in range(100):
                            file.write(bytes([number]) * 1000000)
                    """
            )
            #expect(result["state"] == "succeeded", "\(result)")
            let path = try #require(result["results_path"].string)
            let hash = (0..<100).reduce(into: SHA256()) { hash, number in
                hash.update(repeatElement(number, count: Self.megabyte))
            }
            let digest = hash.finalize().hexadecimal
            #expect(result["files"][0]["bytes"] == 100_000_000)
            #expect(result["files"][0]["sha256"] == .string(digest))
            #expect(try await installation.digest("\(path)/files/big") == digest)
            #expect(try worker.peakMemory() - before < 24 << 20)
            try await installation.stop(worker)
        }

        /// They come faster than they can be read, stored and run.
        @Test func manyLargeRequestsTakeNoMoreMemoryThanFew() async throws {
            let installation = try Installation.current
            let worker = try await installation.startWorker("worker-a", settings: Self.settings)
            _ = try await installation.result(of: "print(1)")
            let before = try worker.memory("VmHWM")
            let text = String(repeating: "x", count: 7_900_000)
            let request: JSON = [
                "source": "print(len(open('data').read()))",
                "files": [["path": "data", "text": .string(text)]],
            ]
            let ended = "select 1 from executions where finished_at is not null"
            let earlier = try await installation.query(ended).count
            for _ in 0..<16 { try await installation.submit(request) }
            do {
                try await eventually(within: .seconds(200), "all have ended") {
                    try await installation.query(ended).count == earlier + 16
                }
            } catch {
                let states = "select state, waits, attempt, started_at from executions"
                Issue.record("\(try await installation.query(states)) \(worker.errors.text)")
            }
            let others = try await installation.query(
                "select result from executions where state <> 'succeeded'"
            )
            #expect(others.isEmpty, "\(others)")
            // Bodies and what is read from them are 253 MB, and they used to be held several times.
            #expect(try worker.memory("VmHWM") - before < 200 << 20)
            try await eventually(within: .seconds(60), "the memory is given back") {
                try worker.memory("VmRSS") - before < 50 << 20
            }
            try await installation.stop(worker)
        }

        @Test func whoHasWrittenMuchWaitsAndOthersDoNot() async throws {
            let installation = try Installation.current
            let worker = try await installation.startWorker(
                "worker-a",
                settings: ["SANDMILL_RESULTS_TENANT_RATE": "1KiB"]
            )
            func submit(_ source: String, as tenant: String) async throws -> UUID {
                try await installation.submit(
                    ["source": .string(source)],
                    properties: ["headers": ["tenant": .string(tenant)]]
                )
            }
            // Who is alone is not slowed.
            let neighbour = try await submit("print(1)", as: "other")
            _ = try await installation.events.finished(neighbour)
            let first = try await submit("print('x' * 500_000)", as: "writer")
            _ = try await installation.events.finished(first)
            let second = try await submit("print(2)", as: "writer")
            try await installation.wait(for: second, in: "running")
            for _ in 0..<5 {
                let other = try await submit("print(3)", as: "other")
                let event = try await installation.events.finished(other)
                #expect(event["data"]["state"] == "succeeded")
            }
            // It would wait for eight minutes; it has no sandbox, and can be cancelled.
            #expect(try await installation.record(second)["state"] == "running")
            let sandboxes = "select 1 from sandboxes where execution_id = %s::uuid"
            #expect(try await installation.query(sandboxes, .string(second.uuidString)).isEmpty)
            let ended = try await installation.run(["cancel", second.uuidString.lowercased()])
            #expect(ended.exitCode == 0, "\(ended.errors)")
            let event = try await installation.events.finished(second)
            #expect(event["data"]["state"] == "cancelled")
            try await installation.stop(worker)
        }

        @Test func bytesOfEveryKindGoInAndComeOutAsTheyAre() async throws {
            let installation = try Installation.current
            let worker = try await installation.startWorker("worker-a", settings: Self.settings)
            let content = Data((0..<4_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 5) })
            let result = try await installation.result(
                of: """
                    import sys
                    data = open("in/blob", "rb").read()
                    open("out", "wb").write(data[::-1])
                    sys.stdout.buffer.write(data[:500000])
                    """,
                ["files": [["path": "in/blob", "base64": .string(content.base64EncodedString())]]]
            )
            #expect(result["state"] == "succeeded", "\(result)")
            let path = try #require(result["results_path"].string)
            #expect(try installation.bytes("\(path)/files/out") == Data(content.reversed()))
            #expect(try installation.bytes("\(path)/stdout") == content.prefix(500_000))
            try await installation.stop(worker)
        }
    }
}

extension Program {
    /// The most memory it has held, in bytes.
    fileprivate func peakMemory() throws -> Int { try memory("VmHWM") }

    /// What proc(5) says of its memory, in bytes.
    fileprivate func memory(_ key: String) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("\(key):") })
        return try #require(line.split(separator: " ").dropFirst().first.flatMap { Int($0) }) << 10
    }
}
