import SandboxFixture
import SandmillDocker
import SandmillEntity
import SandmillService
import Testing

/// A compiler is as hostile as the program it is given: what it does is a result, and stays behind.
@Suite(.timeLimit(.minutes(5)), .serialized)
struct BuildTests {
    private static func withSandbox(_ body: (any Sandbox) async throws -> Void) async throws {
        try await TestEngine.withSandbox(
            TestEngine.specification(
                image: TestEngine.imageOfAll,
                runtimes: [.c, .cpp],
                memory: .mebibytes(192)
            ),
            body
        )
    }

    private static func expectInnocence(in sandbox: any Sandbox) async throws {
        let result = try await sandbox.run(
            "#include <stdio.h>\nint main(void) { puts(\"fine\"); }",
            by: .c
        )
        #expect(result.text == "fine\n", "\(result.errors)")
        #expect(result.report?.isClean == true)
    }

    @Test func errorIsAResultWithTheCompilersWords() async throws {
        try await Self.withSandbox { sandbox in
            let result = try await sandbox.run("int main(void) { return x; }\n", by: .c)
            let report = try #require(result.report)
            #expect(!report.isBuilt)
            #expect(report.isClean)
            #expect(report.exit.status == .code(1))
            #expect(result.errors.contains("main.c:1:25: error: ‘x’ undeclared"))
            #expect(result.stdout.isEmpty)
            #expect(result.files.isEmpty)
            try await Self.expectInnocence(in: sandbox)
        }
    }

    @Test func warningIsNoPartOfTheProgramsOutput() async throws {
        try await Self.withSandbox { sandbox in
            let result = try await sandbox.run(
                "#warning careful\n#include <unistd.h>\nint main(void) { write(2, \"own\", 3); }",
                by: .c
            )
            #expect(result.errors == "own")
            #expect(result.report?.isBuilt == true)
        }
    }

    @Test func figuresOfTheRunLeaveTheBuildOut() async throws {
        try await Self.withSandbox { sandbox in
            let result = try await sandbox.run(
                "#include <iostream>\nint main() { std::cout << 1; }",
                by: .cpp
            )
            let report = try #require(result.report)
            let build = try #require(report.build)
            #expect(build.cpu > .milliseconds(50))
            #expect(report.exit.cpu < build.cpu / 2)
            #expect(report.exit.wall < build.wall)
            #expect(report.exit.memoryPeak < build.memoryPeak)
        }
    }

    @Test func fileBesideTheProgramCanBeIncludedAndIsUntouched() async throws {
        try await Self.withSandbox { sandbox in
            let result = try await sandbox.run(
                "#include \"../lib/answer.h\"\n#include <stdio.h>\nint main() { printf(\"%d\", ANSWER); }",
                by: .c,
                entrypoint: "src/main.c",
                files: [
                    Program.InputFile(
                        path: "lib/answer.h",
                        content: Array("#define ANSWER 42".utf8)
                    )
                ]
            )
            #expect(result.text == "42", "\(result.errors)")
            #expect(result.files.isEmpty)
        }
    }

    struct Attack: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let source: String
        var runtime = Runtime.c
    }

    /// What must fail by itself, or meet a limit; and never hang, leak or spoil.
    static let attacks = [
        Attack(testDescription: "standard input", source: "#include \"/dev/stdin\"\nint x"),
        Attack(testDescription: "endless input", source: "#include \"/dev/zero\""),
        Attack(
            testDescription: "secret by the assembler",
            source: "__asm__(\".incbin \\\"/etc/shadow\\\"\"); int main(void) {}"
        ),
        Attack(
            testDescription: "memory of the agent",
            source: "__asm__(\".incbin \\\"/proc/1/environ\\\"\"); int main(void) {}"
        ),
        Attack(
            testDescription: "a huge program",
            source: "char data[1ull << 32] = {1}; int main(void) {}"
        ),
        Attack(
            testDescription: "a file without an end",
            source: "__asm__(\".rept 1000000000\\n.quad 1\\n.endr\"); int main(void) {}"
        ),
        Attack(
            testDescription: "templates without an end",
            source: """
                template <int N> struct S { typedef typename S<N + 1>::T T; S<N * 2> a; S<N * 3> b; };
                S<1>::T x;
                int main() {}
                """,
            runtime: .cpp
        ),
        Attack(
            testDescription: "a constant that takes for ever",
            source: """
                constexpr long f(int n) { return n < 2 ? n : f(n - 1) + f(n - 2); }
                int main() { static_assert(f(90) > 0); }
                """,
            runtime: .cpp
        ),
        Attack(
            testDescription: "inclusion of itself",
            source: "#include __FILE__\n#include __FILE__"
        ),
        Attack(
            testDescription: "messages without an end",
            source: (0..<30).reduce("#define M0 x(;\n") {
                $0 + "#define M\($1 + 1) M\($1) M\($1)\n"
            } + "M22\nint main(void) {}"
        ),
        Attack(testDescription: "no main", source: "int x;"),
        Attack(testDescription: "not a program", source: "\u{0}\u{1}ELF"),
    ]

    @Test(arguments: attacks)
    func attackOnTheCompilerIsAResult(_ attack: Attack) async throws {
        try await Self.withSandbox { sandbox in
            var runtime = attack.runtime
            runtime.build?.wall = .seconds(20)
            runtime.build?.cpu = .seconds(3)
            let result = try await sandbox.run(attack.source, by: runtime)
            let report = try #require(result.report)
            #expect(!report.isBuilt, "\(result.text)")
            #expect(report.isClean)
            #expect(result.stdout.isEmpty)
            #expect(!result.errors.contains("root:"))
            #expect(result.files.isEmpty)
            try await Self.expectInnocence(in: sandbox)
        }
    }

    @Test func limitsOfTheBuildAreToldApart() async throws {
        try await Self.withSandbox { sandbox in
            var slow = Runtime.cpp
            slow.build?.cpu = .milliseconds(20)
            let source = "#include <iostream>\nint main() {}"
            let result = try await sandbox.run(source, by: slow)
            #expect(result.report?.isBuilt == false)
            #expect(result.report?.exit.killCause == .cpuTime)
            slow.build?.cpu = .seconds(20)
            slow.build?.wall = .milliseconds(20)
            let late = try await sandbox.run(source, by: slow)
            #expect(late.report?.exit.killCause == .wallTime)
            #expect(late.report?.isClean == true)
            try await Self.expectInnocence(in: sandbox)
        }
    }

    /// Includes the whole library, which takes some 300 MiB to compile.
    private static let large = "#include <bits/stdc++.h>\nint main() { std::cout << 1; }"

    @Test func compilingHasAMemoryLimitOfItsOwn() async throws {
        try await Self.withSandbox { sandbox in
            var limits = Limits.generous
            limits.memory = .mebibytes(32)
            let result = try await sandbox.run(Self.large, by: .cpp, limits: limits)
            #expect(result.report?.isBuilt == true, "\(result.errors)")
            #expect(result.text == "1")
            let build = try #require(result.report?.build)
            #expect(build.memoryPeak > .mebibytes(128))
        }
    }

    @Test func memoryOfABuildIsHeldToItsLimit() async throws {
        try await Self.withSandbox { sandbox in
            var narrow = Runtime.cpp
            narrow.build?.memory = .mebibytes(64)
            let result = try await sandbox.run(Self.large, by: narrow)
            #expect(result.report?.isBuilt == false)
            #expect((result.report?.exit.oomKills ?? 0) > 0)
            #expect(result.report?.isClean == true)
            try await Self.expectInnocence(in: sandbox)
        }
    }

    @Test func programIsHeldToItsOwnMemoryOnceItIsBuilt() async throws {
        try await Self.withSandbox { sandbox in
            var limits = Limits.generous
            limits.memory = .mebibytes(48)
            let source = """
                #include <stdlib.h>
                #include <string.h>
                int main(int count, char **arguments) {
                    size_t size = (size_t)atoi(arguments[1]) << 20;
                    volatile char *block = malloc(size);
                    memset((char *)block, 1, size);
                    return block[size / 2] - 1;
                }
                """
            for (size, fits) in [("32", true), ("120", false), ("32", true)] {
                let result = try await sandbox.run(
                    source,
                    by: .c,
                    arguments: [size],
                    limits: limits
                )
                #expect((result.report?.exit.status == .code(0)) == fits)
                #expect((result.report?.exit.oomKills == 0) == fits)
                #expect(result.report?.isClean == true)
            }
        }
    }

    @Test func allSourcesAreLinked() async throws {
        let files = [
            "util.h": "int util(void); int more(void);",
            "util.c": "#include \"util.h\"\nint util(void) { return 40; }",
            "lib/more.c": "int more(void) { return 2; }",
            "part.inc.c": "static int part(void) { return 0; }",
        ]
        try await Self.withSandbox { sandbox in
            let result = try await sandbox.run(
                """
                #include <stdio.h>
                #include "util.h"
                #include "part.inc.c"
                int main(void) { printf("%d", util() + more() + part()); }
                """,
                by: .c,
                files: files.map { Program.InputFile(path: $0.key, content: Array($0.value.utf8)) }
            )
            #expect(result.text == "42", "\(result.errors)")
        }
    }

    @Test func whatTheCompilerSaidIsToldThoughItSucceeded() async throws {
        try await Self.withSandbox { sandbox in
            let result = try await sandbox.run("#warning careful\nint main(void) {}", by: .c)
            let report = try #require(result.report)
            #expect(report.isBuilt)
            let said = String(decoding: report.buildOutput, as: UTF8.self)
            #expect(said.contains("main.c:1:2: warning: #warning careful"))
            #expect(report.build?.stderr == ByteCount(report.buildOutput.count))
            let much = (0..<200).map { "#warning careful \($0)\n" }.joined() + "int main(void) {}"
            let long = try #require(try await sandbox.run(much, by: .c).report)
            #expect(long.buildOutput.count == 4_096)
            #expect((long.build?.stderr ?? .zero) > ByteCount(4_096))
        }
    }
}
