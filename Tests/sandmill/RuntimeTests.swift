import Foundation
import Testing

extension SystemTests {
    /// A request may name any runtime that its pool has enabled.
    @Suite(
        .installation([
            "SANDMILL_POOLS_PYTHON_IMAGE":
                "sandmill/sandbox-python-node-c-cpp-python3-numpy:latest",
            "SANDMILL_POOLS_PYTHON_FURTHER_RUNTIMES": "sh,node,c",
        ]),
        .timeLimit(.minutes(5))
    )
    struct RuntimeTests {
        @Test(arguments: [
            ("python", "print('python')"),
            ("sh", "echo sh"),
            ("node", "console.log('node')"),
            ("c", "#include <stdio.h>\nint main(void) { puts(\"c\"); }"),
        ])
        func programOfARuntimeEndsInARecord(runtime: String, source: String) async throws {
            let installation = try Installation.current
            let result = try await installation.result(of: source, ["runtime": .string(runtime)])
            #expect(result["state"] == "succeeded", "\(result)")
            #expect(result["runtime"] == .string(runtime))
            #expect(result["stdout"]["preview"] == .string("\(runtime)\n"))
            #expect(result["files"].elements.isEmpty)
            #expect((result["build"] == .null) == (runtime != "c"))
        }

        @Test func compileErrorIsOneResultEverywhere() async throws {
            let installation = try Installation.current
            let id = try await installation.submit(["runtime": "c", "source": "int main() { x; }"])
            let data = try await installation.events.finished(id)["data"]
            #expect(data["state"] == "failed")
            #expect(data["reason"] == "compile_error")
            #expect(data["exit_code"] == 1)
            #expect(data["wall_seconds"] == .null)
            #expect(data["build"]["wall_seconds"] != .null)
            #expect(data["stderr"]["preview"].string?.contains("main.c:1:14: error:") == true)
            let path = try #require(data["results_path"].string)
            #expect(try installation.json("\(path)/result.json") == data)
            #expect(try installation.bytes("\(path)/stderr").starts(with: Data("main.c:".utf8)))
            let record = try await installation.record(id)
            #expect(record["result"] == data)
            for column in ["state", "reason", "exit_code", "runtime", "wall_seconds"] {
                #expect(record[column] == data[column], "\(column)")
            }
        }

        @Test func theCommandLineHandsArgumentsToTheCompiler() async throws {
            let installation = try Installation.current
            let program = try installation.file(
                "given.c",
                "#include <stdio.h>\nint main(void) { printf(\"%d\\n\", N); }"
            )
            let ended = try await installation.run([
                "submit", program, "--build-arg", "-DN=5", "--build-arg", "-Wall", "--stack",
                "16MiB", "--wait",
            ])
            #expect(ended.exitCode == 0, "\(ended.errors)")
            #expect(try JSON(ended.output.joined())["stdout"]["preview"] == "5\n")
        }

        @Test func runtimeThatIsNotEnabledIsRefused() async throws {
            let installation = try Installation.current
            let id = try await installation.submit(["runtime": "cpp", "source": "int main() {}"])
            try await eventually(within: .seconds(20), "the request is a dead letter") {
                let letters = try await installation.query(
                    "select reason from dead_letters where properties::text like '%%' || %s || '%%'",
                    .string(id.uuidString.lowercased())
                )
                return letters.contains {
                    let reason = $0["reason"].string ?? ""
                    return reason.contains("/runtime") && reason.contains("python, sh, node, c")
                }
            }
        }

        @Test func submittedFileIsRunByWhatItsNameSays() async throws {
            let installation = try Installation.current
            let programs = [
                ("answer.c", "#include <stdio.h>\nint main(void) { puts(\"42\"); }"),
                ("answer.js", "console.log(42)"), ("answer.sh", "echo 42"),
                ("answer.py", "print(42)"),
            ]
            for (name, source) in programs {
                let file = installation.directory.appending(path: name)
                try source.write(to: file, atomically: true, encoding: .utf8)
                let ended = try await installation.run(["submit", file.path(), "--wait"])
                #expect(ended.exitCode == 0, "\(ended.errors)")
                let document = try JSON(try #require(ended.output.first))
                #expect(document["stdout"]["preview"] == "42\n")
            }
            let file = installation.directory.appending(path: "script")
            try "echo 43".write(to: file, atomically: true, encoding: .utf8)
            let ended = try await installation.run([
                "submit", file.path(), "--runtime", "sh", "--wait",
            ])
            #expect(try JSON(ended.output.joined())["stdout"]["preview"] == "43\n")
        }

        @Test func doctorNamesTheRuntimeThatAnImageLacks() async throws {
            let ended = try await Installation.current.run(
                ["doctor"],
                settings: ["SANDMILL_POOLS_PYTHON_IMAGE": "sandmill/sandbox-python:latest"]
            )
            #expect(ended.exitCode == 78)
            let failure = try #require(
                ended.output.firstIndex { $0.hasPrefix("FAIL  pool python") }
            )
            #expect(ended.output[failure].contains("lacks the runtime"))
            #expect(ended.output[failure + 1].contains("sandbox-image/build"))
        }
    }
}
