import Foundation
import Testing

extension SystemTests {
    /// A program that is run once for each test case, as a client of the broker sees it.
    @Suite(
        .installation([
            "SANDMILL_POOLS_PYTHON_IMAGE":
                "sandmill/sandbox-python-node-c-cpp-python3-numpy:latest",
            "SANDMILL_POOLS_PYTHON_FURTHER_RUNTIMES": "c",
        ]),
        .timeLimit(.minutes(5))
    )
    struct CaseTests {
        /// Does what its standard input says.
        private static let obedient = """
            import os, sys, time
            order = sys.stdin.read()
            if order == "sleep": time.sleep(30)
            if order == "abort": os.abort()
            if order == "exit": sys.exit(3)
            if order == "fill": x = bytearray(1 << 30); x[::4096] = bytes(1 << 18)
            if order == "flood": sys.stdout.write("x" * 300_000)
            open("made.txt", "w").write(order)
            print(" ".join([order] + sys.argv[1:]))
            """

        @Test func eachCaseHasItsVerdictAndTheFirstThatFailsDecides() async throws {
            let installation = try Installation.current
            let result = try await installation.result(
                of: Self.obedient,
                [
                    "stdin": "inherited", "args": ["a"],
                    "limits": [
                        "wall_seconds": 1, "memory_bytes": 67_108_864, "stdout_bytes": 65_536,
                    ],
                    "cases": [
                        ["name": "own", "stdin": "x", "args": [], "expected_stdout": "x  \n"],
                        ["name": "inherits", "expected_stdout": "inherited a"],
                        ["name": "unchecked", "stdin": "y"],
                        ["name": "wrong", "stdin": "x", "expected_stdout": "y a\n"],
                        ["name": "exit", "stdin": "exit"],
                        ["name": "abort", "stdin": "abort"],
                        ["name": "sleep", "stdin": "sleep"],
                        ["name": "fill", "stdin": "fill"],
                        ["name": "flood", "stdin": "flood", "expected_stdout": "flood a\n"],
                        ["name": "last", "stdin": "z", "expected_stdout_base64": "eiBhCg=="],
                    ],
                ]
            )
            let cases = result["cases"].elements
            #expect(
                cases.map { $0["name"].string } == [
                    "own", "inherits", "unchecked", "wrong", "exit", "abort", "sleep", "fill",
                    "flood", "last",
                ]
            )
            #expect(
                cases.map { $0["verdict"].string } == [
                    "accepted", "accepted", "accepted", "wrong_answer", "failed", "failed",
                    "timed_out", "out_of_memory", "wrong_answer", "accepted",
                ],
                "\(result)"
            )
            #expect(
                cases.map { $0["reason"].string } == [
                    nil, nil, nil, nil, "exit_code", "signal", "wall_time", "memory", "stdout", nil,
                ]
            )
            #expect(cases[4]["exit_code"] == 3)
            #expect(cases[5]["signal"] == 6)
            #expect(result["state"] == "failed")
            #expect(result["reason"] == "wrong_answer")
            #expect(result["exit_code"] == 0)
            #expect(result["stdout"] == cases[3]["stdout"])
            #expect(result["stdout"]["preview"] == "x a\n")
            let wall = cases.compactMap { $0["wall_seconds"].double }.reduce(0, +)
            #expect(abs((result["wall_seconds"].double ?? 0) - wall) < 0.001)
            let peaks = cases.compactMap { $0["memory_peak_bytes"].double }
            #expect(result["memory_peak_bytes"].double == peaks.max())
        }

        @Test func whatACaseLeavesIsInItsDirectoryAndInTheRecord() async throws {
            let installation = try Installation.current
            let id = try await installation.submit([
                "source": .string(Self.obedient),
                "cases": [["stdin": "one"], ["stdin": "two"]],
            ])
            let result = try await installation.events.finished(id)["data"]
            #expect(result["state"] == "succeeded")
            #expect(result["files"].elements.isEmpty)
            let path = try #require(result["results_path"].string)
            for (index, word) in ["one", "two"].enumerated() {
                let place = "\(path)/cases/\(index)"
                #expect(try installation.bytes("\(place)/stdout") == Data("\(word)\n".utf8))
                #expect(try installation.bytes("\(place)/stderr").isEmpty)
                let file = result["cases"][index]["files"][0]
                #expect(file["path"] == "made.txt")
                let content = try installation.bytes("\(place)/files/made.txt")
                #expect(content == Data(word.utf8))
                let digest = try await installation.digest("\(place)/files/made.txt")
                #expect(file["sha256"].string == digest)
            }
            #expect(try installation.bytes("\(path)/stdout") == Data("two\n".utf8))
            #expect(try installation.json("\(path)/result.json") == result)
            #expect(try await installation.record(id)["result"] == result)
            let rows = try await installation.query(
                "select path, sha256 from files where execution_id = %s::uuid order by position",
                .string(id.uuidString)
            )
            #expect(
                rows.map { $0["path"] } == ["cases/0/files/made.txt", "cases/1/files/made.txt"]
            )
            for row in rows {
                let place = try #require(row["path"].string)
                #expect(row["sha256"].string == (try await installation.digest("\(path)/\(place)")))
            }
            let printed = try await installation.run(["output", id.uuidString])
            #expect(printed.output == ["two"])
        }

        @Test func nothingOfACaseIsThereForTheNext() async throws {
            let installation = try Installation.current
            let result = try await installation.result(
                of: """
                    import os
                    places = ["/work", "/tmp", "/dev/shm"]
                    print(sorted(name for place in places for name in os.listdir(place)))
                    print(open("data").read())
                    for place in places: open(place + "/left", "w").write("x")
                    open("data", "w").write("spoilt")
                    open("main.py", "w").write("spoilt")
                    """,
                [
                    "files": [["path": "data", "text": "fresh"]],
                    "cases": .array(
                        Array(
                            repeating: ["expected_stdout": "['data', 'main.py']\nfresh\n"],
                            count: 5
                        )
                    ),
                ]
            )
            #expect(result["state"] == "succeeded", "\(result)")
        }

        @Test func theRestIsSkippedAfterTheFirstFailureIfAskedTo() async throws {
            let installation = try Installation.current
            let result = try await installation.result(
                of: Self.obedient,
                [
                    "stop_on_first_failure": true,
                    "cases": [["stdin": "a"], ["stdin": "exit"], ["stdin": "b"]],
                ]
            )
            #expect(
                result["cases"].elements.map { $0["verdict"].string } == [
                    "accepted", "failed", "skipped",
                ]
            )
            #expect(result["reason"] == "exit_code")
            #expect(result["cases"][2]["wall_seconds"] == .null)
            let path = try #require(result["results_path"].string)
            #expect(throws: (any Error).self) { try installation.bytes("\(path)/cases/2/stdout") }
        }

        @Test func tenCasesOfCAreBuiltOnce() async throws {
            let installation = try Installation.current
            let cases = (0..<10).map { number in
                JSON.object([
                    "stdin": .string("\(number) 1\n"), "expected_stdout": .string("\(number + 1)"),
                ])
            }
            let result = try await installation.result(
                of: """
                    #include <stdio.h>
                    int main(void) {
                        int a, b;
                        scanf("%d %d", &a, &b);
                        FILE *file = fopen("made.txt", "w");
                        printf("%d\\n", a + b);
                    }
                    """,
                ["runtime": "c", "cases": .array(cases)]
            )
            #expect(result["state"] == "succeeded", "\(result)")
            let build = try #require(result["build"]["wall_seconds"].double)
            func time(_ key: String) throws -> Date {
                let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
                return try style.parse(try #require(result[key].string))
            }
            let took = try time("finished_at").timeIntervalSince(try time("started_at"))
            #expect(took < 4 * build + 1)
        }

        @Test func compileErrorSkipsAllCases() async throws {
            let installation = try Installation.current
            let result = try await installation.result(
                of: "int main() { x; }",
                ["runtime": "c", "cases": [["stdin": "1"], ["stdin": "2"]]]
            )
            #expect(result["state"] == "failed")
            #expect(result["reason"] == "compile_error")
            #expect(result["wall_seconds"] == .null)
            #expect(result["build"]["wall_seconds"] != .null)
            #expect(result["stderr"]["preview"].string?.contains("error:") == true)
            #expect(result["cases"].elements.map { $0["verdict"] } == ["skipped", "skipped"])
            let path = try #require(result["results_path"].string)
            #expect(try installation.bytes("\(path)/stderr").starts(with: Data("main.c:".utf8)))
        }

        @Test func hostileOutputIsComparedAndToldSafely() async throws {
            let installation = try Installation.current
            let digits = String(repeating: "7", count: 500_000)
            let all = Data((0...255).map { UInt8($0) }).base64EncodedString()
            func number(_ output: String, _ expected: String) -> JSON {
                [
                    "stdin": .string(output), "expected_stdout": .string(expected),
                    "compare": "float:1",
                ]
            }
            let result = try await installation.result(
                of: """
                    import os, sys
                    order = sys.stdin.read()
                    if order == "bytes": os.write(1, bytes(range(256)))
                    elif order == "digits": sys.stdout.write("7" * 500_000)
                    else: print(order)
                    """,
                [
                    "cases": [
                        [
                            "stdin": "bytes", "expected_stdout_base64": .string(all),
                            "compare": "exact",
                        ],
                        number("digits", digits), number("digits", digits + "7"),
                        number("nan", "1"),
                        number("1e999999", "inf"), number("0x10", "16"), number("1e-999999", "0"),
                    ]
                ]
            )
            #expect(
                result["cases"].elements.map { $0["verdict"] } == [
                    "accepted", "accepted", "wrong_answer", "wrong_answer", "wrong_answer",
                    "wrong_answer", "accepted",
                ],
                "\(result["cases"])"
            )
            let preview = try #require(result["cases"][0]["stdout"]["preview"].string)
            #expect(preview.hasPrefix("\u{FFFD}\u{1}\u{2}"))
        }

        @Test func aThousandCasesAreOneResultOfABoundedSize() async throws {
            let installation = try Installation.current
            let cases = (0..<1_000).map { JSON.object(["expected_stdout": .string("\($0)")]) }
            let result = try await installation.result(
                of: "print('x' * 5000)",
                ["cases": .array(cases)]
            )
            let results = result["cases"].elements
            #expect(results.count == 1_000)
            #expect(results.allSatisfy { $0["verdict"] == "wrong_answer" })
            #expect(results.allSatisfy { $0["stdout"]["stored_bytes"] == 5_001 })
            let path = try #require(result["results_path"].string)
            #expect(try installation.bytes("\(path)/result.json").count < 1 << 20)
            #expect(try installation.bytes("\(path)/cases/999/stdout").count == 5_001)
        }

        @Test func whatIsExpectedIsNowhereInTheSandbox() async throws {
            let installation = try Installation.current
            let secret = "EXPECT-" + String(repeating: "a1", count: 16)
            let result = try await installation.result(
                of: Self.search,
                [
                    "cases": [
                        ["expected_stdout": .string(secret), "compare": "exact"],
                        ["expected_stdout": .string(secret), "compare": "exact"],
                    ]
                ]
            )
            for ended in result["cases"].elements {
                #expect(ended["verdict"] == "wrong_answer", "\(ended)")
                let own = "EXPECT-" + String(repeating: "0", count: 32)
                #expect(ended["stdout"]["preview"] == .string("['\(own)']\n"))
            }
        }

        /// Looks for what is expected in every file, in the environments and command lines of all
        /// processes, and in its own memory, where it puts something like it to be found.
        private static let search = """
            import glob, os, re
            pattern = re.compile(rb"EXPECT-[0-9a-f]{32}")
            own = bytearray(b"EXPECT-"); own.extend(b"0" * 32)
            found = set()
            def look(name):
                try: found.update(pattern.findall(open(name, "rb").read()))
                except OSError: pass
            for place in ["/work", "/tmp", "/dev/shm", "/run", "/var", "/etc", "/home", "/root"]:
                for directory, _, names in os.walk(place):
                    for name in names: look(os.path.join(directory, name))
            for name in glob.glob("/proc/[0-9]*/*"):
                if name.endswith(("environ", "cmdline", "comm")): look(name)
            with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
                for line in maps:
                    start, end = (int(n, 16) for n in line.split()[0].split("-"))
                    try:
                        memory.seek(start)
                        found.update(pattern.findall(memory.read(end - start)))
                    except (OSError, ValueError, OverflowError): pass
            print(sorted(match.decode() for match in found))
            """
    }
}
