import SandboxFixture
import SandmillDocker
import SandmillEntity
import SandmillService
import Testing

/// What hostile programs and sources do in Java, and to the compilers of Java, Go and Rust: it is a result, nothing
/// gets out, and the next program finds nothing of it.
@Suite(.timeLimit(.minutes(15)), .serialized)
struct HostileLanguageTests {
    struct Attack: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let runtime: Runtime
        let source: String
        /// What a program prints whose attack was refused; nil where its end is what counts.
        var refused: String?
    }

    private static func java(_ what: String, _ body: String, _ refused: String? = nil) -> Attack {
        Attack(
            testDescription: what,
            runtime: .java,
            source: """
                import java.io.*; import java.net.*; import java.nio.file.*; import java.util.*;
                public class Main {
                    static void attempt() throws Throwable { \(body) }
                    public static void main(String[] arguments) throws Throwable {
                        try { attempt(); System.out.println("done"); }
                        catch (Exception error) { System.out.println("refused"); }
                    }
                }
                """,
            refused: refused
        )
    }

    static let programs = [
        java("a connection", "new Socket(\"1.1.1.1\", 80);", "refused\n"),
        java("a name", "InetAddress.getByName(\"example.com\");", "refused\n"),
        java(
            "the agent's memory",
            "Files.readAllBytes(Path.of(\"/proc/1/environ\"));",
            "refused\n"
        ),
        java("the shadow file", "Files.readAllBytes(Path.of(\"/etc/shadow\"));", "refused\n"),
        java("the root file system", "Files.writeString(Path.of(\"/usr/x\"), \"x\");", "refused\n"),
        java(
            "a signal to all",
            "new ProcessBuilder(\"/bin/sh\", \"-c\", \"kill -KILL -1\").start().waitFor();"
        ),
        java(
            "processes without an end",
            "while (true) new ProcessBuilder(\"/bin/sleep\", \"60\").start();"
        ),
        java(
            "threads without an end",
            "while (true) new Thread(() -> { while (true) { } }).start();"
        ),
        java(
            "a process that stays",
            "new ProcessBuilder(\"/usr/bin/setsid\", \"/bin/sleep\", \"60\").inheritIO().start();"
        ),
        java(
            "files without an end",
            "for (int i = 0;; i++) Files.write(Path.of(\"/tmp/\" + i), new byte[1 << 20]);"
        ),
        java(
            "an output that is a link",
            "Files.createSymbolicLink(Path.of(\"out\"), Path.of(\"/etc/passwd\"));"
        ),
        java("output without an end", "while (true) System.out.println(\"x\".repeat(1 << 16));"),
        java("a module of the interpreter", "Files.writeString(Path.of(\"/tmp/json.py\"), \"x\");"),
    ]

    /// What no compiler may make a program of.
    static let sources = [
        Attack(
            testDescription: "javac: a class of itself",
            runtime: .java,
            source: "class Main extends Main {}"
        ),
        Attack(
            testDescription: "javac: nesting without an end",
            runtime: .java,
            source: "class Main { int x = \(String(repeating: "(", count: 100_000)); }"
        ),
        Attack(
            testDescription: "javac: a huge constant",
            runtime: .java,
            source:
                "class Main { static int[] x = { \(String(repeating: "1,", count: 100_000)) }; }"
        ),
        Attack(
            testDescription: "rustc: a secret",
            runtime: .rust,
            source: "fn main() { println!(\"{}\", include_str!(\"/etc/shadow\")); }"
        ),
        Attack(
            testDescription: "rustc: a device",
            runtime: .rust,
            source: "fn main() { println!(\"{}\", include_bytes!(\"/dev/zero\").len()); }"
        ),
        Attack(
            testDescription: "rustc: a macro of itself",
            runtime: .rust,
            source:
                "macro_rules! m { ($($t:tt)*) => { m!($($t)* $($t)* x) }; }\nfn main() { m!(x); }"
        ),
        Attack(
            testDescription: "rustc: a type without an end",
            runtime: .rust,
            source: """
                struct S<T>(std::marker::PhantomData<T>);
                trait F { fn f(); }
                impl<T> F for S<T> where S<S<T>>: F { fn f() {} }
                fn main() { <S<u8> as F>::f(); }
                """
        ),
        Attack(
            testDescription: "go: a secret",
            runtime: .go,
            source:
                "package main\nimport _ \"embed\"\n//go:embed /etc/shadow\nvar s string\nfunc main() { println(s) }"
        ),
        Attack(
            testDescription: "go: flags of the linker",
            runtime: .go,
            source:
                "package main\n// #cgo LDFLAGS: -Wl,-wrap,x -o /tmp/x\nimport \"C\"\nfunc main() {}"
        ),
        Attack(
            testDescription: "go: an import from elsewhere",
            runtime: .go,
            source: "package main\nimport _ \"example.com/x\"\nfunc main() {}"
        ),
        Attack(
            testDescription: "go: a huge program",
            runtime: .go,
            source: "package main\nvar x = [1 << 34]byte{1}\nfunc main() { println(x[5]) }"
        ),
    ]

    private static func withSandbox(_ body: (any Sandbox) async throws -> Void) async throws {
        try await TestEngine.withSandbox(
            TestEngine.specification(
                image: TestEngine.imageOfLanguages,
                runtimes: [.python, .java, .go, .rust],
                memory: .mebibytes(128),
                scratch: .mebibytes(64),
                scratchFiles: 16_384,
                processes: 64
            ),
            body
        )
    }

    private static func run(_ attack: Attack, in sandbox: any Sandbox) async throws -> Collected {
        var limits = Limits.generous
        (limits.memory, limits.processes) = (.mebibytes(128), 64)
        (limits.wall, limits.cpu) = (.seconds(10), .seconds(4))
        var runtime = attack.runtime
        runtime.build?.cpu = .seconds(10)
        let result = try await sandbox.run(attack.source, by: runtime, limits: limits)
        #expect(result.report?.isClean == true)
        #expect(!(result.text + result.errors).contains("root:"))
        let innocent = try await sandbox.python(
            "import os; print(os.listdir('/work'), os.listdir('/tmp'), os.listdir('/dev/shm'))"
        )
        #expect(innocent.text == "['main.py'] [] []\n", "\(innocent.errors)")
        return result
    }

    @Test func hostileProgramsOfJavaAreResults() async throws {
        try await Self.withSandbox { sandbox in
            for attack in Self.programs {
                let result = try await Self.run(attack, in: sandbox)
                #expect(result.report?.isBuilt == true, "\(attack): \(result.errors)")
                if let refused = attack.refused {
                    #expect(result.text == refused, "\(attack)")
                }
                #expect(!result.files.contains { $0.path == "out" })
            }
        }
    }

    @Test func hostileSourcesAreResults() async throws {
        try await Self.withSandbox { sandbox in
            for attack in Self.sources {
                let result = try await Self.run(attack, in: sandbox)
                #expect(result.report?.isBuilt == false, "\(attack): \(result.text)")
            }
        }
    }
}
