import SandboxFixture
import SandmillDocker
import SandmillEntity
import SandmillService
import Testing

/// What a program finds around it: who it is, where it is at home, how deep it can go, and what of its
/// output is left when it is killed.
@Suite(.timeLimit(.minutes(5)), .serialized)
struct SurroundingsTests {
    private static func withSandbox(_ body: (any Sandbox) async throws -> Void) async throws {
        try await TestEngine.withSandbox(
            TestEngine.specification(
                image: TestEngine.imageOfAll,
                runtimes: [.python, .sh, .node, .c, .cpp],
                memory: .mebibytes(128),
                scratch: .mebibytes(64)
            ),
            body
        )
    }

    static let introductions: [(Runtime, String)] = [
        (
            .python,
            """
            import getpass, grp, os, pwd
            user = pwd.getpwuid(os.getuid())
            assert pwd.getpwnam("sandbox").pw_uid == os.getuid()
            assert grp.getgrgid(os.getgid()).gr_name == "sandbox"
            print(getpass.getuser(), user.pw_name, user.pw_dir, user.pw_shell, os.path.expanduser("~"))
            """
        ),
        (
            .sh,
            "echo $(whoami) $(id -un) $HOME $(getent passwd sandbox | cut -d: -f7) $(eval echo ~sandbox)"
        ),
        (
            .node,
            """
            const { username, homedir, shell } = require("os").userInfo();
            console.log(username, process.env.USER, homedir, shell, require("os").homedir());
            """
        ),
        (
            .c,
            """
            #include <pwd.h>
            #include <stdio.h>
            #include <stdlib.h>
            #include <unistd.h>
            int main(void) {
                struct passwd *user = getpwuid(getuid());
                printf("%s %s %s %s ", user->pw_name, getenv("LOGNAME"), user->pw_dir, user->pw_shell);
                puts(getenv("HOME"));
            }
            """
        ),
    ]

    @Test(arguments: introductions)
    func programKnowsWhoItIs(runtime: Runtime, source: String) async throws {
        try await Self.withSandbox { sandbox in
            for _ in 0..<2 {
                let result = try await sandbox.run(source, by: runtime)
                #expect(result.text == "sandbox sandbox /tmp /bin/sh /tmp\n", "\(result.errors)")
            }
        }
    }

    @Test func homeIsNoOutputAndIsEmptiedForTheNext() async throws {
        let source = """
            import os, pathlib
            home = pathlib.Path.home()
            assert home != pathlib.Path.cwd() and home not in pathlib.Path.cwd().parents
            print(sorted(os.listdir(home)))
            cache = home / ".cache" / "library"
            cache.mkdir(parents=True)
            (cache / "file").write_text("x")
            """
        try await Self.withSandbox { sandbox in
            for _ in 0..<2 {
                let result = try await sandbox.python(source)
                #expect(result.text == "[]\n", "\(result.errors)")
                #expect(result.files.isEmpty)
                #expect(result.report?.isClean == true)
            }
        }
    }

    static let recursions: [(Runtime, String)] = [
        (
            .c,
            """
            #include <stdio.h>
            #include <stdlib.h>
            __attribute__((noinline, noclone)) int sum(volatile int n) { return n == 0 ? 0 : 1 + sum(n - 1); }
            int main(int count, char **arguments) { printf("%d\\n", sum(atoi(arguments[1]))); }
            """
        ),
        (
            .cpp,
            """
            #include <cstdlib>
            #include <iostream>
            __attribute__((noinline, noclone)) int sum(volatile int n) { return n == 0 ? 0 : 1 + sum(n - 1); }
            int main(int count, char **arguments) { std::cout << sum(std::atoi(arguments[1])) << '\\n'; }
            """
        ),
    ]

    @Test(arguments: recursions)
    func stackIsAsLargeAsTheMemory(runtime: Runtime, source: String) async throws {
        try await Self.withSandbox { sandbox in
            var limits = Limits.generous
            limits.memory = .mebibytes(128)
            let deep = try await sandbox.run(
                source,
                by: runtime,
                arguments: ["1000000"],
                limits: limits
            )
            #expect(deep.text == "1000000\n")
            limits.stack = .mebibytes(1)
            let shallow = try await sandbox.run(
                source,
                by: runtime,
                arguments: ["1000000"],
                limits: limits
            )
            #expect(shallow.report?.exit.status == .signal(11))
        }
    }

    @Test func stackIsWhatWasAskedFor() async throws {
        try await Self.withSandbox { sandbox in
            var limits = Limits.generous
            limits.stack = .mebibytes(3)
            let shell = try await sandbox.run("ulimit -s", by: .sh, limits: limits)
            #expect(shell.text == "3072\n")
            let python = try await sandbox.python(
                "import resource; print(resource.getrlimit(resource.RLIMIT_STACK)[0])",
                limits: limits
            )
            #expect(python.text == "\(3 << 20)\n")
        }
    }

    /// Each level of it takes the stack of C.
    private static let deepPython = """
        import sys
        sys.setrecursionlimit(10**9)
        def down(n):
            return n if n == 0 else 1 + max([n], key=lambda n: 0 * down(n - 1)) - n + 0 * n
        down(int(sys.argv[1]))
        print("done")
        """

    @Test func deepRecursionOfPythonIsNoMystery() async throws {
        try await Self.withSandbox { sandbox in
            var limits = Limits.generous
            limits.memory = .mebibytes(128)
            let deep = try await sandbox.run(
                Self.deepPython,
                by: .python,
                arguments: ["50000"],
                limits: limits
            )
            #expect(deep.text == "done\n", "\(String(describing: deep.report?.exit.status))")
            let endless = try await sandbox.run(
                Self.deepPython,
                by: .python,
                arguments: ["1000000000"],
                limits: limits
            )
            #expect((endless.report?.exit.oomKills ?? 0) > 0)
            let error = try await sandbox.python("def f(): f()\nf()")
            #expect(error.errors.contains("RecursionError: maximum recursion depth exceeded"))
        }
    }

    static let waits = [
        "import time\nprint('before')\ntime.sleep(60)", "print('before')\nwhile True: pass",
        "print('before')\ninput()", "import threading\nprint('before')\nthreading.Event().wait()",
    ]

    @Test(arguments: waits)
    func whatWasPrintedBeforeTheKillIsThere(source: String) async throws {
        try await Self.withSandbox { sandbox in
            var limits = Limits.generous
            limits.wall = .seconds(1)
            limits.cpu = .milliseconds(500)
            let open = "import os, sys\nos.dup2(os.pipe()[0], 0)\n"
            let result = try await sandbox.python(open + source, limits: limits)
            let exit = try #require(result.report?.exit)
            #expect(exit.killCause == .wallTime || exit.killCause == .cpuTime)
            #expect(exit.status == .signal(9))
            #expect(result.text == "before\n")
            #expect(result.errors.isEmpty)
            #expect(result.report?.isClean == true)
        }
    }

    static let stubborn = [
        "import signal\nsignal.signal(62, signal.SIG_IGN)\nwhile True: pass",
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: pass",
        "import sys\nclass S:\n    def flush(self):\n        while True: pass\nsys.stdout = S()\nwhile True: pass",
        "import os\nos.execv('/bin/sh', ['sh', '-c', 'while :; do :; done'])",
        "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
    ]

    @Test(arguments: stubborn)
    func warningDelaysNoKill(source: String) async throws {
        try await Self.withSandbox { sandbox in
            var limits = Limits.generous
            limits.wall = .milliseconds(300)
            let result = try await sandbox.python(source, limits: limits)
            let exit = try #require(result.report?.exit)
            #expect(exit.killCause == .wallTime)
            #expect(exit.wall < .seconds(5))
            #expect(result.report?.isClean == true)
        }
    }
}
