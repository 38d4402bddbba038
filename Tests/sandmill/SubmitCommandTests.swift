import Foundation
import Testing

extension SystemTests {
    /// How `submit` ends when there will be no result.
    @Suite(.installation(), .timeLimit(.minutes(5)))
    struct SubmitCommandTests {
        @Test func idOfAnotherRequestIsRefusedAndTheSameRequestGetsItsResultAgain() async throws {
            let installation = try Installation.current
            let id = "\(UUID())"
            let first = try installation.file("first.py", "print('first')")
            let second = try installation.file("second.py", "print('second')")
            let ended = try await installation.run(["submit", first, "--id", id, "--wait"])
            #expect(ended.exitCode == 0, "\(ended.errors)")
            let refused = try await installation.run(["submit", second, "--id", id, "--wait"])
            #expect(refused.exitCode == 65)
            #expect(refused.output.isEmpty)
            #expect(refused.errors.contains("the id is that of another request"))
            #expect(refused.errors.contains("sandmill dead show"))
            #expect(refused.errors.contains("the id is known since 20"))
            let again = try await installation.run(["submit", first, "--id", id, "--wait"])
            #expect(again.exitCode == 0, "\(again.errors)")
            #expect(again.output == ended.output)
        }

        /// The client allows more than the worker.
        @Test(arguments: [
            (["--pool", "nope"], "no queue takes the routing key \"nope.normal\""),
            (["--wall", "500"], "/limits/wall_seconds"),
        ])
        func refusedRequestIsToldAndNotWaitedFor(options: [String], reason: String) async throws {
            let installation = try Installation.current
            let program = try installation.file("fine.py", "print(1)")
            let ended = try await installation.run(
                ["submit", program, "--wait"] + options,
                settings: ["SANDMILL_POOLS_PYTHON_LIMITS_MAXIMUM_WALL": "1000s"]
            )
            #expect(ended.exitCode == 65)
            #expect(ended.output.isEmpty)
            #expect(ended.errors.contains(reason), "\(ended.errors)")
        }

        @Test func aProgramMayComeByAPipe() async throws {
            let installation = try Installation.current
            let shell = try Program(
                URL(filePath: "/bin/bash"),
                [
                    "-c", #""$0" submit --wait <(echo 'print(6 * 7)') --stdin <(true)"#,
                    try Installation.executable.path,
                ],
                in: installation.directory,
                environment: installation.settings
            )
            let output = try await within(.seconds(30), "the result") {
                var output: [String] = []
                while let line = await shell.output.next() { output.append(line) }
                return output
            }
            #expect(try JSON(output.joined())["stdout"]["preview"] == "42\n")
            #expect(try await shell.exitCode() == 0, "\(shell.errors.text)")
        }

        @Test(.installationWithoutWorker)
        func whoSubmitsWhereNothingRunsIsTold() async throws {
            let installation = try Installation.current
            let file = installation.directory.appending(path: "alone.py")
            try "print(1)".write(to: file, atomically: true, encoding: .utf8)
            let submitted = try await installation.run(["submit", file.path()])
            #expect(submitted.exitCode == 0, "\(submitted.errors)")
            #expect(submitted.errors.contains("it waits in the queue: no worker is alive"))

            let gateway = try await installation.open("gateway")
            let made = try await gateway.ask(
                "/execute/async",
                "-H",
                "Content-Type: application/json",
                "-d",
                #"{"source": "print(1)"}"#
            )
            let id = try #require(made.json["id"].string)
            #expect(made.fields["location"] == "/execute/\(id)")
            let body = try await gateway.ask("/execute/\(id)").json
            #expect(body["state"] == "queued")
            #expect(body["attempt"] == 0 && body["started_at"] == .null)
            let status = try await installation.run(["status", id])
            #expect(
                status.output.contains { $0.contains("waits in the queue, no worker is alive") },
                "\(status.output)"
            )
            try await installation.stop(gateway.process)
        }

        @Test func aDirectoryIsNoProgram() async throws {
            let ended = try await Installation.current.run(["submit", "."])
            #expect(ended.exitCode == 65)
            #expect(ended.errors.contains("cannot be read"))
        }

        /// Other workers may have it, so it is not refused.
        @Test func poolThatTheConfigurationLacksIsSaid() async throws {
            let installation = try Installation.current
            let program = try installation.file("fine.py", "print(1)")
            let ended = try await installation.run(["submit", program, "--pool", "nope"])
            #expect(ended.exitCode == 0)
            #expect(ended.errors.contains("\"nope\" is not in the configuration"))
        }

        @Test func timeThatIsUpEndsWith75() async throws {
            let installation = try Installation.current
            let program = try installation.file("slow.py", "import time; time.sleep(5)")
            let ended = try await installation.run([
                "submit", program, "--wait", "--timeout", "1s",
            ])
            #expect(ended.exitCode == 75)
            #expect(ended.output.isEmpty)
            let alone = try await installation.run(["submit", program, "--timeout", "1s"])
            #expect(alone.exitCode == 64)
        }

        @Test(arguments: [
            ["submit", "fine.py", "--wall", "1e400"], ["submit", "fine.py", "--wall", "nan"],
            ["submit", "fine.py", "--cpu", "inf"],
            ["batch", "submit", "programs", "--wall", "inf"],
        ])
        func limitThatIsNoNumberOfSecondsIsAUsageError(command: [String]) async throws {
            let installation = try Installation.current
            try installation.file("fine.py", "print(1)")
            try installation.file("programs/fine.py", "print(1)")
            let ended = try await installation.run(command)
            #expect(ended.exitCode == 64)
            #expect(ended.errors.contains(command[command.count - 2]), "\(ended.errors)")
        }

        @Test func wrongPasswordOfTheBrokerIsSaid() async throws {
            let installation = try Installation.current
            let program = try installation.file("fine.py", "print(1)")
            var url = try #require(URLComponents(string: installation.brokerURL))
            url.user = "nobody"
            url.password = "secret"
            let ended = try await installation.run(
                ["submit", program],
                settings: ["SANDMILL_BROKER_URL": try #require(url.string)]
            )
            #expect(ended.exitCode == 78)
            #expect(ended.errors.contains("ACCESS_REFUSED"), "\(ended.errors)")
            #expect(!ended.errors.contains("secret"))
        }
    }
}
