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
            // A moment later its worker says that the program has started.
            try await eventually(within: .seconds(30), "it is told as running") {
                let result = try await installation.run(["result", "\(id)"])
                #expect(result.exitCode == 75)
                return result.errors.contains("running")
            }
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

        @Test func everyFieldOfARequestHasAnOption() async throws {
            let installation = try Installation.current
            let program = try installation.file("all.py", "print(input())")
            let input = try installation.file("all.txt", "a")
            let id = UUID()
            let superseded = UUID().uuidString.lowercased()
            let ended = try await installation.run([
                "submit", program, "--id", "\(id)", "--runtime", "python", "--file", input, "--arg",
                "-x",
                "--env", "A=b", "--stdin", input, "--output", "*.csv", "--wall", "9", "--cpu",
                "4000ms",
                "--memory", "64MiB", "--processes", "20", "--stack", "8MiB", "--max-stdout", "1KiB",
                "--max-stderr", "2KiB", "--max-output", "3KiB", "--max-files", "4", "--fresh",
                "--not-before", "2020-01-01T00:00:00Z", "--deadline", "2h", "--label", "a=b",
                "--retry", "2", "--retry-on", "timed_out", "--supersedes", superseded, "--retain",
                "2d",
                "--wait",
            ])
            #expect(ended.exitCode == 0, "\(ended.errors)")
            let rows = try await installation.query(
                "select convert_from(request_body, 'utf8') as body from executions where id = %s::uuid",
                .string(id.uuidString)
            )
            let body = try JSON(try #require(rows[0]["body"].string))
            #expect(
                body["limits"] == [
                    "wall_seconds": 9, "cpu_seconds": 4, "memory_bytes": 67_108_864,
                    "processes": 20,
                    "stack_bytes": 8_388_608, "stdout_bytes": 1_024, "stderr_bytes": 2_048,
                    "output_bytes": 3_072, "output_files": 4,
                ]
            )
            #expect(body["retry"] == ["max": 2, "on": ["timed_out"]])
            #expect(body["supersedes"] == .string(superseded))
            #expect(body["not_before"] == "2020-01-01T00:00:00Z")
            #expect(body["deadline"] != .null && body["isolation"] == "fresh")
            // What no option says: the source is a file, and a batch says of itself what it is.
            let schema = try JSON(Checkout.text("config/schemas/request.schema.json"))
            let fields = schema["$defs"]["fields"]["properties"].fields
            #expect(!fields.isEmpty)
            #expect(
                Set(fields.keys).subtracting(body.fields.keys) == [
                    "source", "stdin", "build_args", "cases", "stop_on_first_failure", "reveal",
                ]
            )
        }

        @Test func everyFieldOfABatchHasAnOption() async throws {
            let installation = try Installation.current
            try installation.file("fields/all.py", "print(input())")
            let input = try installation.file("fields.txt", "a")
            let id = UUID()
            let ended = try await installation.run([
                "batch", "submit", installation.directory.appending(path: "fields").path(), "--id",
                "\(id)", "--level", "low", "--pool", "python", "--max-running", "1", "--runtime",
                "python", "--file", input, "--arg", "-x", "--env", "A=b", "--stdin", input,
                "--output", "*.csv", "--wall", "9", "--fresh", "--not-before",
                "2020-01-01T00:00:00Z", "--deadline", "2h", "--label", "a=b", "--retry", "2",
                "--retain", "2d", "--wait",
            ])
            #expect(ended.exitCode == 0, "\(ended.errors)")
            let rows = try await installation.query(
                """
                select convert_from(request_body, 'utf8') as body, level, executions.pool, max_running
                from executions join batches on batches.id = batch_id where batch_id = %s::uuid
                """,
                .string(id.uuidString)
            )
            let row = try #require(rows.first)
            #expect(row["level"] == "low" && row["pool"] == "python" && row["max_running"] == 1)
            // What defaults have, and what they are called, is all of a batch.
            let schema = try JSON(Checkout.text("config/schemas/batch.schema.json"))
            let fields = try JSON(Checkout.text("config/schemas/request.schema.json"))["$defs"][
                "fields"
            ]
            #expect(
                Set(schema["properties"].fields.keys)
                    == ["pool", "level", "max_running", "defaults", "executions"]
            )
            // Another execution is superseded by one, not by each of many.
            let body = try JSON(try #require(row["body"].string))
            #expect(
                Set(fields["properties"].fields.keys).subtracting(body.fields.keys) == [
                    "source", "stdin", "build_args", "cases", "stop_on_first_failure", "reveal",
                    "supersedes",
                ]
            )
        }

        @Test func noughtBytesArriveAsTheyWereSent() async throws {
            let installation = try Installation.current
            let source = "import sys; print(repr(sys.stdin.read()))"
            let sent = try await installation.result(of: source, ["stdin": "a\u{0}b"])
            #expect(sent["stdout"]["preview"] == "'a\\x00b'\n")
            let cases = try await installation.result(
                of: source,
                [
                    "cases": [
                        ["stdin": "a\u{0}b", "expected_stdout": "'a\\x00b'\n"], ["stdin": "\u{0}"],
                    ]
                ]
            )
            #expect(cases["cases"].elements.map { $0["verdict"] } == ["accepted", "accepted"])
            let program = try installation.file("nought.py", source)
            let input = try installation.file("nought.txt", "a\u{0}b")
            for arguments in [
                ["submit", program, "--stdin", input],
                [
                    "batch", "submit",
                    try installation.file(
                        "nought.ndjson",
                        #"{"source": "\#(source)", "stdin": "a\u0000b"}"#
                    ),
                ],
            ] {
                let ended = try await installation.run(arguments + ["--wait"])
                #expect(ended.exitCode == 0, "\(ended.errors)")
                #expect(try JSON(ended.output.joined())["stdout"]["preview"] == "'a\\x00b'\n")
            }
        }

        @Test func whatReadsHasJSONAndVariablesThatSetNothingAreNamed() async throws {
            let installation = try Installation.current
            _ = try await installation.result(of: "print(1)")
            try await eventually(within: .seconds(30), "the pool has a sandbox") {
                let pool = try await installation.run(["pool", "--json"])
                return try pool.output.contains { try JSON($0)["worker"] == "worker-a" }
            }
            let doctor = try await installation.run(
                ["doctor", "--json", "--set", "pools.python.preload=[json, math]"],
                settings: ["SANDMILL_BROKER_URI": "amqp://"]
            )
            #expect(doctor.exitCode == 0, "\(doctor.errors)")
            #expect(
                doctor.errors.contains("there is no setting for the variable SANDMILL_BROKER_URI")
            )
            let checks = try doctor.output.map { try JSON($0) }.filter { $0["finding"] == "ok" }
            #expect(checks.count == 8)
            let script = try await installation.run(["completion", "bash"])
            #expect(script.exitCode == 0 && script.output.contains { $0.contains("_sandmill") })
            #expect(try await installation.run(["completion", "tcsh"]).exitCode == 64)
        }

        @Test func usageErrorEndsWith64() async throws {
            let installation = try Installation.current
            #expect(try await installation.run(["result"]).exitCode == 64)
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
