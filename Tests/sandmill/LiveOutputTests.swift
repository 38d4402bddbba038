import Foundation
import Testing

extension SystemTests {
    /// `sandmill output`, while programs run and afterwards.
    @Suite(.installation(), .timeLimit(.minutes(5)))
    struct LiveOutputTests {
        @Test func theFirstLineIsSeenWhileTheProgramRuns() async throws {
            let installation = try Installation.current
            let id = try await installation.submit([
                "source": """
                import sys, time
                for n in range(15):
                    print(n, flush=True)
                    print(-n, file=sys.stderr, flush=True)
                    time.sleep(6 if n == 0 else 0.2)
                """,
                "limits": ["wall_seconds": 60],
            ])
            try await installation.wait(for: id, in: "running")
            let follower = try installation.start(["output", id.text, "--follow", "--stderr"])
            let (first, state) = try await within(.seconds(20), "the first line") {
                let first = await follower.output.next()
                return (first, try await installation.record(id)["state"])
            }
            #expect(first == "0")
            #expect(state == "running")
            let exitCode = try await within(.seconds(120), "the end of the follower") {
                while await follower.output.next() != nil {}
                while await follower.errors.next() != nil {}
                return try await follower.exitCode()
            }
            #expect(exitCode == 0)
            #expect(try await installation.record(id)["state"] == "succeeded")
            #expect(follower.output.text == (0..<15).map { "\($0)\n" }.joined())
            #expect(follower.errors.text == (0..<15).map { "\(-$0)\n" }.joined())
        }

        @Test func anExecutionThatIsQueuedIsWaitedFor() async throws {
            let installation = try Installation.current
            let start = Date(timeIntervalSinceNow: 3_600).formatted(.iso8601)
            let id = try await installation.submit([
                "source": "print('late')", "not_before": .string(start),
            ])
            try await installation.wait(for: id, in: "queued")
            let now = try await installation.run(["output", id.text])
            #expect(now.exitCode == 75)
            #expect(now.output.isEmpty)
            #expect(now.errors.contains("queued"))
            async let following = installation.run(["output", id.text, "--follow"])
            try await installation.query(
                "update executions set available_at = now() where id = %s::uuid",
                .string(id.text)
            )
            let followed = try await following
            #expect(followed.exitCode == 0)
            #expect(followed.output == ["late"])
        }

        @Test func whatEndedIsPrintedByteForByte() async throws {
            let installation = try Installation.current
            let result = try await installation.result(
                of: """
                    import os, sys
                    os.write(1, bytes(range(256)) * 1000)
                    os.write(2, b'\\x00\\xff')
                    sys.exit(3)
                    """
            )
            let id = try #require(result["id"].string)
            let shell = try Program(
                URL(filePath: "/bin/sh"),
                [
                    "-c", "\"$0\" output \"$1\" --stderr >out 2>err; echo $?",
                    try Installation.executable.path(), id,
                ],
                in: installation.directory,
                environment: installation.settings
            )
            #expect(await shell.output.next() == "0")
            let expected = Data((0..<256_000).map { UInt8(truncatingIfNeeded: $0) })
            let directory = installation.directory
            #expect(try Data(contentsOf: directory.appending(path: "out")) == expected)
            #expect(try Data(contentsOf: directory.appending(path: "err")) == Data([0, 255]))
        }

        @Test func aStreamPastItsLimitHasItsHeadAndItsTailAndSaysSo() async throws {
            let installation = try Installation.current
            let result = try await installation.result(
                of: "print('a' * 50 + 'b' * 100 + 'c' * 49)",
                ["limits": ["stdout_bytes": 100]]
            )
            let id = try #require(result["id"].string)
            let ended = try await installation.run(["output", id, "--follow"])
            #expect(ended.exitCode == 0)
            let kept = String(repeating: "a", count: 50) + String(repeating: "c", count: 49)
            #expect(ended.output == [kept])
            #expect(ended.errors.contains("100 bytes of stdout are not kept, behind the first 50"))
        }

        @Test(.installationWithoutWorker)
        func aFollowerGoesOnWithTheAttemptThatTakesOver() async throws {
            let installation = try Installation.current
            let first = try await installation.startWorker("worker-a")
            // The first attempt outlasts what happens meanwhile, and the second is short.
            let end = Int(Date.now.timeIntervalSince1970) + 30
            let id = try await installation.submit([
                "source": .string(
                    """
                    import time
                    print('begun', flush=True)
                    time.sleep(max(2, \(end) - time.time()))
                    print('done')
                    """
                ),
                "limits": ["wall_seconds": 120],
            ])
            try await installation.wait(for: id, in: "running")
            let follower = try installation.start(["output", id.text, "--follow"])
            _ = try await within(.seconds(30), "a line of the first attempt") {
                #expect(await follower.output.next() == "begun")
            }
            first.kill()
            let second = try await installation.startWorker("worker-b")
            let exitCode = try await within(.seconds(120), "the end of the follower") {
                while await follower.output.next() != nil {}
                while await follower.errors.next() != nil {}
                return try await follower.exitCode()
            }
            #expect(exitCode == 0)
            #expect(follower.output.text == "begun\nbegun\ndone\n")
            #expect(follower.errors.text.contains("attempt 2 begins from the start"))
            try await installation.waitUntilNoContainerIsLeft(of: "worker-a")
            try await installation.stop(second)
        }

        @Test func aRootThatIsNotThereEndsWith69() async throws {
            let ended = try await Installation.current.run(
                ["output", "\(UUID())"],
                settings: ["SANDMILL_RESULTS_ROOT": "/none/at/all"]
            )
            #expect(ended.exitCode == 69)
            #expect(ended.errors.contains("/none/at/all"))
        }

        @Test func anUnknownIdIsWrongInput() async throws {
            let installation = try Installation.current
            let ended = try await installation.run(["output", "\(UUID())", "--follow"])
            #expect(ended.exitCode == 65)
            #expect(ended.errors.contains("nothing with the id"))
        }
    }
}

extension UUID {
    fileprivate var text: String { uuidString.lowercased() }
}
