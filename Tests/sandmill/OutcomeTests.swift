import Foundation
import Testing

extension SystemTests {
    /// Whatever a program does is a result, and the next program does not notice.
    @Suite(.installation(), .timeLimit(.minutes(5)))
    struct OutcomeTests {
        /// A program, how it may run, and how it must end.
        struct Case: Sendable, CustomTestStringConvertible {
            let testDescription: String
            let source: String
            var limits: JSON = [:]
            /// The fields of the document that must be so.
            let expected: [String: JSON]
        }

        private static let cases = [
            Case(
                testDescription: "exits with 3",
                source: "raise SystemExit(3)",
                expected: [
                    "state": "failed", "reason": "exit_code", "exit_code": 3, "signal": .null,
                ]
            ),
            Case(
                testDescription: "raises",
                source: "1 / 0",
                expected: ["state": "failed", "reason": "exit_code", "exit_code": 1]
            ),
            Case(
                testDescription: "is killed by SIGSEGV",
                source: "import os; os.kill(os.getpid(), 11)",
                expected: [
                    "state": "failed", "reason": "signal", "exit_code": .null, "signal": 11,
                ]
            ),
            Case(
                testDescription: "sleeps too long",
                source: "import time; time.sleep(60)",
                limits: ["wall_seconds": 0.5],
                expected: ["state": "timed_out", "reason": "wall_time"]
            ),
            Case(
                testDescription: "spins",
                source: "while True: pass",
                limits: ["cpu_seconds": 0.5],
                expected: ["state": "timed_out", "reason": "cpu_time"]
            ),
            Case(
                testDescription: "takes too much memory",
                source: "x = bytearray(1 << 30)\nfor i in range(0, len(x), 4096): x[i] = 1",
                limits: ["memory_bytes": 67_108_864],
                expected: ["state": "out_of_memory", "reason": "memory"]
            ),
            Case(
                testDescription: "forks until it cannot",
                source: """
                    import os
                    try:
                        while os.fork(): pass
                    except OSError: print("no more")
                    import time; time.sleep(30)
                    """,
                limits: ["wall_seconds": 1, "processes": 16],
                expected: ["state": "timed_out", "reason": "wall_time"]
            ),
            Case(
                testDescription: "leaves a process behind",
                source: "import subprocess; subprocess.Popen(['sleep', '60'])",
                expected: ["state": "succeeded", "exit_code": 0]
            ),
            Case(
                testDescription: "writes until its file system is full",
                source: "f = open('big', 'wb')\nwhile True: f.write(bytes(1 << 20))",
                expected: ["state": "failed", "reason": "exit_code", "exit_code": 1]
            ),
        ]

        @Test(arguments: cases)
        func programEndsAsItDeservesAndTheNextOneSucceeds(_ test: Case) async throws {
            let installation = try Installation.current
            let result = try await installation.result(of: test.source, ["limits": test.limits])
            for (field, value) in test.expected { #expect(result[field] == value, "\(field)") }
            #expect(result["attempt"] == 1)
            let innocent = try await installation.result(of: "print('fine')")
            #expect(innocent["state"] == "succeeded")
            #expect(innocent["stdout"]["preview"] == "fine\n")
        }

        @Test func outputBeyondItsCapKeepsHeadAndTailAndCountsTheRest() async throws {
            let installation = try Installation.current
            let result = try await installation.result(
                of: "for i in range(100000): print(i)",
                ["limits": ["stdout_bytes": 1_000]]
            )
            let all = Data((0..<100_000).map { "\($0)\n" }.joined().utf8)
            let path = try #require(result["results_path"].string)
            let stored = try installation.bytes("\(path)/stdout")
            #expect(result["state"] == "succeeded")
            #expect(result["stdout"]["bytes"] == .number(Double(all.count)))
            #expect(result["stdout"]["stored_bytes"] == 1_000)
            #expect(result["stdout"]["truncated"] == true)
            #expect(result["stderr"]["truncated"] == false)
            #expect(stored == all.prefix(500) + all.suffix(500))
        }

        @Test func filesThatAreNoneAreSkippedAndSaid() async throws {
            let installation = try Installation.current
            let result = try await installation.result(
                of: """
                    import os
                    os.symlink("/etc/passwd", "link")
                    os.mkfifo("pipe")
                    os.mkdir("folder")
                    os.symlink("/etc", "folder/etc")
                    open("good", "w").write("good")
                    """
            )
            #expect(result["files"].elements.map { $0["path"] } == ["good"])
            #expect(
                Set(result["skipped"].elements) == [
                    ["path": "link", "reason": "symlink"],
                    ["path": "folder/etc", "reason": "symlink"],
                    ["path": "pipe", "reason": "not_regular"],
                ]
            )
        }

        @Test func onlyFilesThatMatchTheOutputsAreKept() async throws {
            let installation = try Installation.current
            let result = try await installation.result(
                of: "for n in ['a.csv', 'b.txt']: open(n, 'w').write(n)",
                ["outputs": ["*.csv"]]
            )
            #expect(result["files"].elements.map { $0["path"] } == ["a.csv"])
        }

        @Test func programSeesItsArgumentsEnvironmentAndFiles() async throws {
            let installation = try Installation.current
            let result = try await installation.result(
                of: "import os, sys; print(sys.argv[1:], os.environ['MODE'], open('d/in').read())",
                [
                    "args": ["--fast", "a b"], "env": ["MODE": "x"],
                    "files": [["path": "d/in", "base64": "aGk="]],
                ]
            )
            #expect(result["stdout"]["preview"] == "['--fast', 'a b'] x hi\n")
        }

        @Test func executionDoesNotStartBeforeItMay() async throws {
            let installation = try Installation.current
            let time = try await installation.query(
                """
                select to_char((now() + interval '2 s') at time zone 'UTC',
                    'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as start
                """
            )[0]["start"]
            let result = try await installation.result(of: "print(1)", ["not_before": time])
            #expect(result["state"] == "succeeded")
            #expect(result["attempt"] == 1)
            let start = try #require(result["started_at"].string)
            #expect(start >= (try #require(time.string)))
        }

        @Test func executionWhoseDeadlineHasPassedExpires() async throws {
            let installation = try Installation.current
            let result = try await installation.result(
                of: "print(1)",
                ["deadline": "2020-01-01T00:00:00Z"]
            )
            #expect(result["state"] == "expired")
            #expect(result["stdout"]["bytes"] == 0)
        }
    }
}
