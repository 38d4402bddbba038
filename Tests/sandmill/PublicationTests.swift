import Foundation
import Testing

extension SystemTests {
    /// What is told to have ended is on disk: `strace` sees whether it is, and makes a disk fail.
    @Suite(.timeLimit(.minutes(5)))
    struct PublicationTests {
        /// Starts a worker under `strace`, which does what `expressions` say.
        private func startTracedWorker(
            of installation: Installation,
            _ expressions: String...
        ) async throws -> Program {
            let worker = try Program(
                URL(filePath: "/usr/bin/strace"),
                // With -D the process is the worker, and strace a child of it.
                ["-D", "-f", "--seccomp-bpf", "-o", "trace"]
                    + expressions.flatMap { ["-e", $0] }
                    + [try Installation.executable.path(), "worker"],
                in: installation.directory,
                environment: installation.settings
            )
            try await within(.seconds(60), "the start of the worker") {
                try await worker.errors.skip(to: "The worker is up.")
            }
            return worker
        }

        /// What the last worker called, in order and with success.
        private func calls(of installation: Installation) throws -> [Substring] {
            let trace = installation.directory.appending(path: "trace")
            return try String(contentsOf: trace, encoding: .utf8).split(separator: "\n")
                .filter { $0.hasSuffix("= 0") }
        }

        /// How often a worker flushes before it runs anything.
        private func flushesOfAStart(of installation: Installation) async throws -> Int {
            let worker = try await startTracedWorker(of: installation, "trace=syncfs")
            worker.kill()
            try await eventually(within: .seconds(20), "strace has seen the end") {
                let trace = installation.directory.appending(path: "trace")
                return try String(contentsOf: trace, encoding: .utf8).contains("+++ killed by")
            }
            return try calls(of: installation).count { $0.contains("syncfs") }
        }

        @Test(.installationWithoutWorker)
        func resultsAreFlushedBeforeTheyAreRenamedAndOnceMoreAfterwards() async throws {
            let installation = try Installation.current
            let worker = try await startTracedWorker(
                of: installation,
                "trace=mkdirat,syncfs,renameat,renameat2"
            )
            let id = try await installation.submit(["source": "print(1)"])
            #expect(try await installation.events.finished(id)["data"]["state"] == "succeeded")
            try await installation.stop(worker)

            let calls = try calls(of: installation)
                .drop { !$0.contains(id.uuidString.lowercased()) }
            let rename = try #require(calls.firstIndex { $0.contains("renameat") }, "\(calls)")
            #expect(calls[..<rename].contains { $0.contains("syncfs") }, "\(calls)")
            #expect(calls[rename...].contains { $0.contains("syncfs") }, "\(calls)")
        }

        @Test(.installationWithoutWorker, arguments: [1, 2])
        func whatCouldNotBeFlushedHasNotSucceeded(failing flush: Int) async throws {
            let installation = try Installation.current
            let flushesOfAStart = try await flushesOfAStart(of: installation)
            let worker = try await startTracedWorker(
                of: installation,
                "trace=syncfs",
                "inject=syncfs:error=EIO:when=\(flushesOfAStart + flush)"
            )
            let id = try await installation.submit(["source": "print(1)"])
            #expect(try await installation.events.finished(id)["data"]["state"] == "succeeded")
            let attempts = try await installation.query(
                "select attempt, state, reason from attempts order by attempt"
            )
            #expect(
                attempts == [
                    ["attempt": 1, "state": "errored", "reason": "results_unwritable"],
                    ["attempt": 2, "state": "succeeded", "reason": .null],
                ]
            )
            try await installation.stop(worker)
        }
    }
}
