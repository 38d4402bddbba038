import Foundation
import Testing

extension SystemTests {
    /// The commands, by what they print and how they end.
    @Suite(.installation(), .timeLimit(.minutes(5)))
    struct CommandLineTests {
        @Test func waitingForASuccessPrintsTheDocumentAndEndsWithNought() async throws {
            let installation = try Installation.current
            let program = try installation.file("fine.py", "print(open('in.txt').read())")
            let input = try installation.file("in.txt", "hello")
            let ended = try await installation.run([
                "submit", program, input, "--wait", "--label", "student=s-17",
            ])
            #expect(ended.exitCode == 0, "\(ended.errors)")
            #expect(ended.output.count == 1)
            let document = try JSON(try #require(ended.output.first))
            #expect(document["stdout"]["preview"] == "hello\n")
            #expect(document["labels"] == ["student": "s-17"])

            let id = try #require(document["id"].string)
            #expect(ended.errors.contains(id))
            let result = try await installation.run(["result", id])
            #expect(result.exitCode == 0)
            #expect(try JSON(result.output.joined()) == document)
            let status = try await installation.run(["status", id])
            #expect(status.exitCode == 0)
            #expect(status.output.contains { $0.hasPrefix("state") && $0.hasSuffix("succeeded") })
        }

        @Test func waitingForAFailureEndsWithOne() async throws {
            let installation = try Installation.current
            let program = try installation.file("bad.py", "exit(3)")
            let ended = try await installation.run(["submit", program, "--wait"])
            #expect(ended.exitCode == 1)
            #expect(try JSON(ended.output.joined())["exit_code"] == 3)
        }

        @Test func submitPrintsTheIdAndDoesNotWait() async throws {
            let installation = try Installation.current
            let id = UUID()
            let program = try installation.file("slow.py", "import time; time.sleep(50)")
            let ended = try await installation.run([
                "submit", program, "--id", "\(id)", "--wall", "60",
            ])
            #expect(ended.exitCode == 0)
            #expect(ended.output == [id.uuidString.lowercased()])
            try await installation.wait(for: id, in: "running")
            let result = try await installation.run(["result", "\(id)"])
            #expect(result.exitCode == 75)
            #expect(result.errors.contains("running"))
            #expect(try await installation.run(["cancel", "\(id)"]).exitCode == 0)
        }

        @Test func unknownIdIsWrongInput() async throws {
            let installation = try Installation.current
            for command in ["result", "status"] {
                let ended = try await installation.run([command, "\(UUID())"])
                #expect(ended.exitCode == 65)
                #expect(ended.errors.contains("nothing with the id"))
            }
        }

        @Test func usageErrorEndsWith64() async throws {
            let installation = try Installation.current
            #expect(try await installation.run(["result", "17"]).exitCode == 64)
            #expect(try await installation.run(["fly"]).exitCode == 64)
        }

        @Test func batchOfADirectoryPrintsALineForEachProgram() async throws {
            let installation = try Installation.current
            try installation.file("batch/double.py", "print(int(input()) * 2)")
            try installation.file("batch/double.in", "21\n")
            try installation.file("batch/list.py", "import os; print(sorted(os.listdir()))")
            try installation.file("batch/list/data.txt", "x")
            let ended = try await installation.run([
                "batch", "submit", installation.directory.appending(path: "batch").path(), "--wait",
            ])
            #expect(ended.exitCode == 0, "\(ended.errors)")
            var previews: [String: JSON] = [:]
            for line in ended.output {
                let document = try JSON(line)
                previews[document["labels"]["program"].string ?? ""] = document["stdout"]["preview"]
            }
            #expect(previews == ["double": "42\n", "list": "['data.txt', 'list.py']\n"])
        }

        @Test func batchOfAFilePrintsALineForEachRequest() async throws {
            let installation = try Installation.current
            let requests = try installation.file(
                "requests.ndjson",
                """
                {"source": "print(1)", "level": "high"}

                {"source": "exit(2)"}
                {"source": "print(3)", "labels": {"n": "3"}}
                """
            )
            let ended = try await installation.run(["batch", "submit", requests, "--wait"])
            let documents = try ended.output.map { try JSON($0) }
            #expect(documents.count == 3)
            #expect(documents.count { $0["state"] == "succeeded" } == 2)
            #expect(Set(documents.map { $0["batch_id"] }).count == 1)
            #expect(documents.contains { $0["level"] == "high" })
        }

        @Test(arguments: [
            (#"{"source": "print(1)"}"# + "\nprint(2)\n", "line 2"),
            (#"{"source": "print(1)", "id": "17"}"#, "line 1"),
            ("", "line 1"),
        ])
        func batchOfAWrongFileNamesTheLine(content: String, line: String) async throws {
            let installation = try Installation.current
            let requests = try installation.file("wrong.ndjson", content)
            let ended = try await installation.run(["batch", "submit", requests])
            #expect(ended.exitCode == 65)
            #expect(ended.errors.contains(line))
        }

        @Test func followerOfEventsPrintsThem() async throws {
            let installation = try Installation.current
            let follower = try installation.start([
                "events", "--match", "execution.failed.#", "--count", "1",
            ])
            // It does not say when it is bound, so there are failures until it has seen one.
            try await eventually(within: .seconds(20), "it has seen an event") {
                _ = try await installation.result(of: "exit(9)")
                return !follower.output.text.isEmpty
            }
            let event = try JSON(try #require(await follower.output.next()))
            #expect(event["type"] == "dev.sandmill.execution.finished.v1")
            #expect(event["data"]["exit_code"] == 9)
            #expect(try await follower.exitCode() == 0)
        }

        @Test func poolShowsTheSandboxesOfTheWorker() async throws {
            let installation = try Installation.current
            _ = try await installation.result(of: "print(1)")
            try await eventually(within: .seconds(30), "the pool shows the tenant's sandbox") {
                let ended = try await installation.run(["pool"])
                return ended.output.contains { $0.contains("worker-a") && $0.contains("default") }
            }
        }

        @Test func unknownKeyOfTheConfigurationIsNamedWithWhereItStands() async throws {
            let installation = try Installation.current
            let file = try installation.file(
                "wrong.yaml",
                "broker:\n  prefetch: 0\n  colour: red\n"
            )
            let ended = try await installation.run(["topology", "show", "--config", file])
            #expect(ended.exitCode == 78)
            #expect(ended.errors.contains("broker.colour"))
            #expect(ended.errors.contains("broker.prefetch"))
            #expect(ended.errors.contains("\"0\""))
            #expect(ended.errors.contains("from 1 to 1000"))
        }

        @Test(arguments: [
            ["topology", "verify"], ["submit", "fine.py"], ["events"], ["worker"],
        ])
        func brokerThatCannotBeReachedEndsWith69(command: [String]) async throws {
            let installation = try Installation.current
            try installation.file("fine.py", "print(1)")
            let ended = try await installation.run(
                command,
                settings: [
                    "SANDMILL_BROKER_URL": "amqp://127.0.0.1:1/", "SANDMILL_START_TIMEOUT": "1s",
                ]
            )
            #expect(ended.exitCode == 69, "\(ended.errors)")
            #expect(!ended.errors.isEmpty)
        }

        @Test(arguments: [
            ["status", "\(UUID())"], ["output", "\(UUID())"], ["migrate"], ["pool"], ["worker"],
            ["dead", "list"], ["dead", "requeue", "17"],
        ])
        func databaseThatCannotBeReachedEndsWith69(command: [String]) async throws {
            let ended = try await Installation.current.run(
                command,
                settings: [
                    "SANDMILL_DATABASE_URL": "postgresql://nobody:secret@127.0.0.1:1/none",
                    "SANDMILL_START_TIMEOUT": "1s",
                ]
            )
            #expect(ended.exitCode == 69, "\(ended.errors)")
            #expect(!ended.errors.contains("secret"))
        }

        @Test(arguments: [["worker"], ["gateway"], ["status", "\(UUID())"]])
        func schemaThatWasNeverMigratedEndsWith78AndSaysHowToMendIt(
            command: [String]
        ) async throws {
            let installation = try Installation.current
            let ended = try await installation.run(
                command,
                settings: ["SANDMILL_DATABASE_SCHEMA": "\(installation.name)-none"]
            )
            #expect(ended.exitCode == 78)
            #expect(ended.errors.contains("run sandmill migrate"), "\(ended.errors)")
        }

        @Test func addressThatIsTakenIsNamedAndEndsWith69() async throws {
            let installation = try Installation.current
            let gateway = try await installation.open("gateway")
            let address = "127.0.0.1:\(gateway.port)"
            let ended = try await installation.run([
                "gateway", "--set", "gateway.listen=\(address)",
            ])
            #expect(ended.exitCode == 69)
            #expect(ended.errors.contains("cannot listen on \(address)"), "\(ended.errors)")
            #expect(ended.errors.contains("Address already in use"))
        }

        @Test func migratingTwiceIsHarmless() async throws {
            let installation = try Installation.current
            async let first = installation.run(["migrate"])
            async let second = installation.run(["migrate"])
            for ended in try await [first, second] {
                #expect(ended.exitCode == 0)
                #expect(ended.output == ["The schema \(installation.name) is up to date."])
            }
        }

        @Test func doctorIsContentWithAHealthyInstallation() async throws {
            let ended = try await Installation.current.run(["doctor"])
            #expect(ended.exitCode == 0)
            let found = ended.output.filter { $0.hasPrefix("ok ") }
            #expect(found.count == 8)
            // What may be wrong with an engine is no failure, and stands by itself.
            #expect(found.contains("ok    engine: reachable"))
            #expect(!ended.output.contains { $0.hasPrefix("FAIL") })
            let warnings = ended.output.filter { $0.hasPrefix("warn ") }
            // A cure stands below what it is for.
            let cures = ended.output.filter { $0.hasPrefix("      ") }
            #expect(found.count + warnings.count + cures.count == ended.output.count)
        }

        /// A typing error is to be seen.
        @Test func doctorMakesNoResultsDirectory() async throws {
            let root = URL.temporaryDirectory.appending(path: "none-\(UUID())").path
            let ended = try await Installation.current.run(
                ["doctor"],
                settings: ["SANDMILL_RESULTS_ROOT": root]
            )
            #expect(ended.exitCode == 0)
            #expect(ended.output.contains { $0.hasPrefix("ok    results: \(root) is not there") })
            #expect(!FileManager.default.fileExists(atPath: root))
        }

        @Test func doctorSaysHowToMendAMissingImage() async throws {
            let ended = try await Installation.current.run(
                ["doctor"],
                settings: ["SANDMILL_POOLS_PYTHON_IMAGE": "sandmill/none:latest"]
            )
            #expect(ended.exitCode == 78)
            let failure = try #require(
                ended.output.firstIndex { $0.hasPrefix("FAIL  pool python") }
            )
            #expect(ended.output[failure].contains("sandmill/none:latest"))
            #expect(ended.output[failure + 1].contains("sandbox-image/build"))
        }

        @Test(.installationWithoutWorker)
        func queueDeclaredInAnotherWayIsADifferenceThatIsSaid() async throws {
            let installation = try Installation.current
            let verified = try await installation.run(["topology", "verify"])
            #expect(verified.exitCode == 0)
            let queue = "\(installation.name).work.python.low"
            try await installation.tellBroker("delete_queue", ["name": .string(queue)])
            try await installation.tellBroker(
                "declare_queue",
                [
                    "name": .string(queue),
                    "arguments": [
                        "x-queue-type": "quorum", "x-overflow": "reject-publish",
                        "x-dead-letter-exchange": .string("\(installation.name).dead"),
                        "x-dead-letter-routing-key": "dead",
                        "x-dead-letter-strategy": "at-least-once", "x-delivery-limit": 5,
                    ],
                ]
            )
            for command in [["topology", "verify"], ["topology", "declare"], ["worker"]] {
                let ended = try await installation.run(command)
                #expect(ended.exitCode == 78, "\(command)")
                let difference = "queue \(queue) has x-delivery-limit '5' instead of '20'"
                #expect(ended.errors.contains(difference), "\(command)")
            }
        }
    }
}

extension Installation {
    /// Writes a file for a command, and returns its path.
    @discardableResult
    func file(_ name: String, _ content: String) throws -> String {
        let file = directory.appending(path: name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try content.write(to: file, atomically: true, encoding: .utf8)
        return file.path()
    }
}
