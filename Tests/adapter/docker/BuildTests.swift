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
            if var compiler = runtime.compiler {
                compiler.wall = .seconds(20)
                compiler.cpu = .seconds(3)
                runtime.start = .compiler(compiler)
            }
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
            if var compiler = slow.compiler {
                compiler.cpu = .milliseconds(20)
                slow.start = .compiler(compiler)
            }
            let source = "#include <iostream>\nint main() {}"
            let result = try await sandbox.run(source, by: slow)
            #expect(result.report?.isBuilt == false)
            #expect(result.report?.exit.killCause == .cpuTime)
            if var compiler = slow.compiler {
                compiler.cpu = .seconds(20)
                compiler.wall = .milliseconds(20)
                slow.start = .compiler(compiler)
            }
            let late = try await sandbox.run(source, by: slow)
            #expect(late.report?.exit.killCause == .wallTime)
            #expect(late.report?.isClean == true)
            try await Self.expectInnocence(in: sandbox)
        }
    }
}
