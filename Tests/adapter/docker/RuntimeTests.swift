import SandboxFixture
import SandmillDocker
import SandmillEntity
import SandmillService
import Testing

/// Every runtime in a real sandbox: what a program is given arrives, and its end is told exactly.
@Suite(.timeLimit(.minutes(5)), .serialized)
struct RuntimeTests {
    /// A program in each language that does the same.
    struct Sample: Sendable, CustomTestStringConvertible {
        let runtime: Runtime
        let source: String

        var testDescription: String { runtime.name }
    }

    /// They print each argument, the variable MODE and the standard input, a line each.
    static let echoes = [
        Sample(
            runtime: .python,
            source: """
                import os, sys
                for text in [*map(os.fsencode, sys.argv[1:]), os.environb[b"MODE"]]:
                    os.write(1, text + b"\\n")
                os.write(1, sys.stdin.buffer.read())
                """
        ),
        Sample(
            runtime: .sh,
            source: "for text in \"$@\" \"$MODE\"; do printf '%s\\n' \"$text\"; done; cat"
        ),
        Sample(
            runtime: .node,
            source: """
                const fs = require("fs");
                for (const text of [...process.argv.slice(2), process.env.MODE]) {
                    fs.writeSync(1, text + "\\n");
                }
                fs.writeSync(1, fs.readFileSync(0));
                """
        ),
        Sample(
            runtime: .c,
            source: """
                #include <stdio.h>
                #include <stdlib.h>
                int main(int count, char **arguments) {
                    for (int index = 1; index < count; index++) puts(arguments[index]);
                    puts(getenv("MODE"));
                    for (int byte; (byte = getchar()) != EOF;) putchar(byte);
                }
                """
        ),
        Sample(
            runtime: .cpp,
            source: """
                #include <cstdlib>
                #include <iostream>
                int main(int count, char **arguments) {
                    for (int index = 1; index < count; index++) std::cout << arguments[index] << '\\n';
                    std::cout << std::getenv("MODE") << '\\n' << std::cin.rdbuf();
                }
                """
        ),
    ]

    private static func withSandbox(
        memory: ByteCount = .mebibytes(256),
        _ body: (any Sandbox) async throws -> Void
    ) async throws {
        try await TestEngine.withSandbox(
            TestEngine.specification(
                image: TestEngine.imageOfAll,
                runtimes: [.python, .sh, .node, .c, .cpp],
                memory: memory
            ),
            body
        )
    }

    /// That a program in each language runs as if nothing had been there before it.
    private static func expectInnocence(in sandbox: any Sandbox) async throws {
        let result = try await sandbox.python(
            "import os; print(os.listdir('/work'), os.listdir('/tmp'))"
        )
        #expect(result.text == "['main.py'] []\n")
        #expect(result.report?.isClean == true)
    }

    @Test(arguments: echoes)
    func argumentsVariablesAndInputArriveAsBytes(_ echo: Sample) async throws {
        try await Self.withSandbox { sandbox in
            let arguments = ["", "--help", "$(id)", "a b\n\"'", "-x", "\u{1F600}"]
            let input = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let result = try await sandbox.run(
                echo.source,
                by: echo.runtime,
                arguments: arguments,
                environment: ["MODE": "x;y", "PATH": "/nowhere:/bin:/usr/bin"],
                stdin: input
            )
            let expected = (arguments + ["x;y"]).map { Array("\($0)\n".utf8) }.joined() + input
            #expect(result.stdout == Array(expected))
            #expect(result.errors == "")
            #expect(result.report?.exit.status == .code(0))
            #expect(result.report?.isClean == true)
            #expect((result.report?.build != nil) == (echo.runtime.build != nil))
        }
    }

    @Test func runtimesFollowEachOtherInOneSandbox() async throws {
        try await Self.withSandbox { sandbox in
            for _ in 0..<2 {
                for echo in Self.echoes {
                    let result = try await sandbox.run(
                        echo.source,
                        by: echo.runtime,
                        environment: ["MODE": echo.runtime.name]
                    )
                    #expect(result.text == "\(echo.runtime.name)\n")
                    #expect(result.files.isEmpty)
                    #expect(result.report?.isClean == true)
                }
            }
        }
    }

    /// Programs that end with the exit code, or by the signal, that is their first argument.
    static let endings = [
        Sample(runtime: .sh, source: "case $1 in -*) kill $1 $$ ;; *) exit $1 ;; esac"),
        Sample(
            runtime: .node,
            source: """
                const end = Number(process.argv[2]);
                if (end < 0) process.kill(process.pid, -end); else process.exit(end);
                setTimeout(() => {}, 10000);
                """
        ),
        Sample(
            runtime: .c,
            source: """
                #include <signal.h>
                #include <stdlib.h>
                int main(int count, char **arguments) {
                    int end = atoi(arguments[1]);
                    if (end < 0) raise(-end);
                    return end;
                }
                """
        ),
    ]

    @Test(arguments: endings)
    func exitCodesAndSignalsAreExact(_ ending: Sample) async throws {
        try await Self.withSandbox { sandbox in
            for code in [0, 1, 77, 255] {
                let result = try await sandbox.run(
                    ending.source,
                    by: ending.runtime,
                    arguments: ["\(code)"]
                )
                #expect(result.report?.exit.status == .code(code))
            }
            for signal in [6, 9, 11, 15] {
                let result = try await sandbox.run(
                    ending.source,
                    by: ending.runtime,
                    arguments: ["-\(signal)"]
                )
                #expect(result.report?.exit.status == .signal(signal))
                #expect(result.report?.exit.killCause == nil)
                #expect(result.report?.isClean == true)
            }
        }
    }

    static let spinners = [
        Sample(runtime: .sh, source: "while :; do :; done"),
        Sample(runtime: .node, source: "while (true) {}"),
        Sample(runtime: .c, source: "int main(void) { for (volatile int x = 0;; x++) {} }"),
    ]

    @Test(arguments: spinners)
    func spinningIsEndedByTheLimitOfCPUTime(_ spinner: Sample) async throws {
        try await Self.withSandbox { sandbox in
            var limits = Limits.generous
            limits.cpu = .milliseconds(500)
            let result = try await sandbox.run(
                spinner.source,
                by: spinner.runtime,
                limits: limits
            )
            #expect(result.report?.exit.killCause == .cpuTime)
            #expect(result.report?.isClean == true)
            try await Self.expectInnocence(in: sandbox)
        }
    }

    static let sleepers = [
        Sample(runtime: .sh, source: "trap '' TERM INT HUP; sleep 60 & wait"),
        Sample(runtime: .node, source: "setTimeout(() => {}, 60000)"),
        Sample(
            runtime: .cpp,
            source: "#include <unistd.h>\nint main() { if (fork() == 0) setsid(); sleep(60); }"
        ),
    ]

    @Test(arguments: sleepers)
    func sleepingIsEndedByTheLimitOfRealTime(_ sleeper: Sample) async throws {
        try await Self.withSandbox { sandbox in
            var limits = Limits.generous
            limits.wall = .seconds(1)
            let result = try await sandbox.run(
                sleeper.source,
                by: sleeper.runtime,
                limits: limits
            )
            let exit = try #require(result.report?.exit)
            #expect(exit.killCause == .wallTime)
            #expect(exit.wall >= .seconds(1) && exit.wall < .seconds(10))
            #expect(result.report?.isClean == true)
            try await Self.expectInnocence(in: sandbox)
        }
    }

    static let gluttons = [
        Sample(
            runtime: .sh,
            source: "x=0123456789abcdef; while :; do x=$x$x; done"
        ),
        Sample(
            runtime: .node,
            source: "const all = []; while (true) all.push(Buffer.alloc(1 << 20, 1));"
        ),
        Sample(
            runtime: .c,
            source: """
                #include <stdlib.h>
                #include <string.h>
                int main(void) { for (;;) memset(malloc(1 << 20), 1, 1 << 20); }
                """
        ),
    ]

    @Test(arguments: gluttons)
    func limitOfMemoryIsToldFromOtherKills(_ glutton: Sample) async throws {
        try await Self.withSandbox(memory: .mebibytes(128)) { sandbox in
            let result = try await sandbox.run(glutton.source, by: glutton.runtime)
            let report = try #require(result.report)
            #expect(report.exit.oomKills > 0, "\(result.errors)")
            #expect(report.isClean)
            try await Self.expectInnocence(in: sandbox)
        }
    }

    static let writers = [
        Sample(runtime: .sh, source: "mkdir out; printf '\\000\\377' > out/a; : > main.sh"),
        Sample(
            runtime: .node,
            source: """
                const fs = require("fs");
                fs.mkdirSync("out");
                fs.writeFileSync("out/a", Buffer.from([0, 255]));
                fs.writeFileSync("main.js", "");
                """
        ),
        Sample(
            runtime: .c,
            source: """
                #include <stdio.h>
                #include <sys/stat.h>
                int main(void) {
                    mkdir("out", 0700);
                    FILE *file = fopen("out/a", "w");
                    putc(0, file);
                    putc(255, file);
                    fclose(file);
                    fclose(fopen("main.c", "w"));
                }
                """
        ),
    ]

    @Test(arguments: writers)
    func whatAProgramWritesComesBack(_ writer: Sample) async throws {
        try await Self.withSandbox { sandbox in
            let result = try await sandbox.run(writer.source, by: writer.runtime)
            #expect(result.files.map(\.path) == [writer.runtime.entrypoint, "out/a"])
            #expect(result.files.last?.content == [0, 255])
        }
    }

    static let bombs = [
        Sample(runtime: .sh, source: "bomb() { bomb | bomb & }; bomb; sleep 5"),
        Sample(
            runtime: .c,
            source: "#include <unistd.h>\nint main(void) { for (;;) fork(); }"
        ),
        Sample(
            runtime: .c,
            source: """
                #include <unistd.h>
                int main(void) {
                    if (fork() == 0) {
                        setsid();
                        if (fork() == 0) for (;;) pause();
                    }
                    return 0;
                }
                """
        ),
        Sample(
            runtime: .node,
            source: """
                const { spawn } = require("child_process");
                spawn("sleep", ["60"], { detached: true, stdio: "inherit" }).unref();
                """
        ),
    ]

    @Test(arguments: bombs)
    func whatIsLeftBehindIsDeadBeforeTheNext(_ bomb: Sample) async throws {
        try await Self.withSandbox { sandbox in
            var limits = Limits.generous
            limits.wall = .seconds(2)
            let result = try await sandbox.run(bomb.source, by: bomb.runtime, limits: limits)
            #expect(result.report?.isClean == true)
            try await Self.expectInnocence(in: sandbox)
        }
    }

    /// What a program sees of where it is; each line must be the same whatever runs it.
    @Test func programFindsAnOrdinaryProcess() async throws {
        let source = """
            #include <dirent.h>
            #include <stdio.h>
            #include <sys/prctl.h>
            #include <sys/stat.h>
            #include <unistd.h>
            int main(int count, char **arguments) {
                char path[100];
                DIR *directory = opendir("/proc/self/fd");
                int open = -3;
                while (readdir(directory) != NULL) open++;
                printf("%d %d %d\\n", open, count, getpgid(0) == getpid());
                printf("%s %s\\n", getcwd(path, sizeof path), arguments[0]);
                printf("%d %o %d\\n", prctl(PR_GET_DUMPABLE), umask(0), geteuid() == getuid());
                printf("%d\\n", chmod("/proc/self/exe", 0777) | (fopen("/proc/self/exe", "a") != 0));
            }
            """
        try await Self.withSandbox { sandbox in
            let result = try await sandbox.run(source, by: .c)
            #expect(result.text == "3 1 1\n/work program\n1 22 1\n-1\n")
        }
    }

    @Test func entrypointThatLooksLikeAnOptionIsAFile() async throws {
        try await Self.withSandbox { sandbox in
            let shell = try await sandbox.run(
                "echo $1",
                by: .sh,
                entrypoint: "-c",
                arguments: ["x"]
            )
            #expect(shell.text == "x\n")
            let node = try await sandbox.run("console.log(1)", by: .node, entrypoint: "--help")
            #expect(node.text == "1\n")
            for name in ["@options", "-v", "no extension"] {
                let c = try await sandbox.run("int main(void) {}", by: .c, entrypoint: name)
                #expect(c.report?.isBuilt == true, "\(c.errors)")
            }
        }
    }

    @Test func missingRuntimeIsSaidAtTheStart() async throws {
        let error = await #expect(throws: SandboxError.self) {
            _ = try await TestEngine.engine().start(
                TestEngine.specification(runtimes: [.python, .node])
            )
        }
        #expect(error?.code == .engineRefused)
        #expect(error?.message.contains("lacks the runtime node, /usr/bin/node") == true)
    }

    @Test func sandboxNeedsNoInterpreter() async throws {
        try await TestEngine.withSandbox(TestEngine.specification(runtimes: [.sh])) { sandbox in
            let result = try await sandbox.run("echo hi", by: .sh)
            #expect(result.text == "hi\n")
        }
    }
}
