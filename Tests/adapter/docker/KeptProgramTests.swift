import FoundationEssentials
import SandboxFixture
import SandmillDocker
import SandmillEntity
import SandmillService
import Synchronization
import Testing

/// A program that is built once and run several times, each time as if it were the first.
@Suite(.timeLimit(.minutes(5)), .serialized)
struct KeptProgramTests {
    private static func withSandbox(_ body: (any Sandbox) async throws -> Void) async throws {
        try await TestEngine.withSandbox(
            TestEngine.specification(
                image: TestEngine.imageOfAll,
                runtimes: [.c, .sh],
                memory: .mebibytes(192)
            ),
            body
        )
    }

    private static func program(
        _ source: String,
        stdin: String = "",
        flags: [String] = []
    ) -> Program {
        var runtime = Runtime.c
        runtime.build?.flags += flags
        return Program(
            runtime: runtime,
            files: [Program.InputFile(path: "main.c", content: Array(source.utf8))],
            entrypoint: "main.c",
            arguments: [],
            environment: [:],
            stdin: Array(stdin.utf8),
            outputs: [],
            limits: .generous
        )
    }

    private static func run(
        _ program: Program,
        _ build: BuildUse,
        in sandbox: any Sandbox
    ) async throws -> (report: SandboxReport, text: String) {
        let output = Mutex<[UInt8]>([])
        let report = try await sandbox.run(
            program,
            of: UUID(),
            build: build,
            killsOnExcessOutput: false
        ) { piece in
            if case .stream(_, let bytes) = piece { output.withLock { $0 += bytes } }
        }
        return (report, String(decoding: output.withLock { $0 }, as: UTF8.self))
    }

    @Test func itIsBuiltByTheFirstRunAlone() async throws {
        try await Self.withSandbox { sandbox in
            let source = """
                #include <stdio.h>
                int main(void) { int n = 0; scanf("%d", &n); printf("%d\\n", n + 1); }
                """
            for number in 0..<5 {
                let (report, text) = try await Self.run(
                    Self.program(source, stdin: "\(number)"),
                    number == 0 ? .keep : .reuse,
                    in: sandbox
                )
                #expect(text == "\(number + 1)\n")
                #expect(report.isClean)
                #expect((report.build != nil) == (number == 0))
            }
            try await sandbox.forgetProgram()
            try await Self.expectNothingKept(in: sandbox)
        }
    }

    @Test func itIsGoneOnceItIsForgotten() async throws {
        try await Self.withSandbox { sandbox in
            let program = Self.program("int main(void) {}")
            #expect(try await Self.run(program, .keep, in: sandbox).report.isClean)
            try await sandbox.forgetProgram()
            try await Self.expectNothingKept(in: sandbox)
        }
    }

    @Test func aRunThatStartsOtherwiseForgetsIt() async throws {
        try await Self.withSandbox { sandbox in
            let program = Self.program("int main(void) {}")
            #expect(try await Self.run(program, .keep, in: sandbox).report.isClean)
            let other = try await sandbox.run("echo other", by: .sh)
            #expect(other.text == "other\n")
            #expect(other.report?.isClean == true)
            try await Self.expectNothingKept(in: sandbox)
        }
    }

    @Test func aBuildThatFailsKeepsNothing() async throws {
        try await Self.withSandbox { sandbox in
            #expect(
                try await Self.run(Self.program("int main(void) {}"), .keep, in: sandbox)
                    .report.isClean
            )
            let failed = try await Self.run(Self.program("int main("), .keep, in: sandbox)
            #expect(!failed.report.isBuilt)
            #expect(failed.report.isClean)
            try await Self.expectNothingKept(in: sandbox)
        }
    }

    /// What a run does to files, and to what it was started from, the next does not see.
    @Test func eachRunFindsTheSame() async throws {
        try await Self.withSandbox { sandbox in
            let program = Self.program(Self.spoiler, flags: ["-Wl,-z,max-page-size=0x200000"])
            let first = try await Self.run(program, .keep, in: sandbox)
            #expect(first.report.isClean)
            #expect(first.text.contains("main.c"))
            for _ in 0..<3 {
                let next = try await Self.run(program, .reuse, in: sandbox)
                #expect(next.text == first.text)
                #expect(next.report.isClean)
            }
            try await sandbox.forgetProgram()
        }
    }

    /// Tells what it finds, then writes wherever it can, and touches every page of its own file, of
    /// which the linker has left out some.
    private static let spoiler = """
        #define _GNU_SOURCE
        #include <dirent.h>
        #include <fcntl.h>
        #include <stdio.h>
        #include <sys/mman.h>
        #include <sys/stat.h>
        #include <sys/statvfs.h>
        #include <unistd.h>

        int main(void) {
            const char *places[] = {"/work", "/tmp", "/dev/shm"};
            struct stat self;
            stat("/proc/self/exe", &self);
            printf("%ld %o %ld\\n", (long)self.st_size, self.st_mode, (long)self.st_blocks);
            for (int i = 0; i < 3; i++) {
                struct statvfs room;
                statvfs(places[i], &room);
                printf("%s %lu %lu\\n", places[i], room.f_bfree, room.f_ffree);
                DIR *directory = opendir(places[i]);
                for (struct dirent *entry; (entry = readdir(directory));) puts(entry->d_name);
            }
            int file = open("/proc/self/exe", O_RDONLY);
            volatile char *bytes = mmap(0, self.st_size, PROT_READ, MAP_SHARED, file, 0);
            for (long i = 0; i < self.st_size; i += 4096) (void)bytes[i];
            printf("%d", open("/proc/self/exe", O_WRONLY));
            printf("%d", fchmod(file, 0777));
            printf("%d", linkat(AT_FDCWD, "/proc/self/exe", AT_FDCWD, "/tmp/link", AT_SYMLINK_FOLLOW));
            for (int i = 0; i < 3; i++) {
                char path[64];
                snprintf(path, sizeof path, "%s/left", places[i]);
                close(open(path, O_CREAT | O_WRONLY, 0666));
            }
            unlink("main.c");
        }
        """

    /// An agent that is asked for a program it has not kept ends.
    private static func expectNothingKept(in sandbox: any Sandbox) async throws {
        let error = await #expect(throws: SandboxError.self) {
            try await run(program("int main(void) {}"), .reuse, in: sandbox)
        }
        #expect(error?.code == .sandboxLost)
    }
}
