import SandboxFixture
import SandmillEntity
import SandmillService
import Testing

extension Abuse {
    /// Classes 26 to 29: programs that want a result to say what is not so.
    @Suite(.bench()) struct Truth {
        @Test(arguments: cases)
        func figuresAreTheKernels(abuse: AbuseCase) async throws {
            try await Bench.current.run(abuse)
        }

        /// Class 28: a program that ends about when it is killed ended in one way, and only in one.
        @Test(arguments: [150, 151, 152])
        func endAtTheWallLimitIsOneOrTheOther(seed: Int) async throws {
            let limit = Duration.milliseconds(20)
            var endings: [Ending: Int] = [:]
            for number in 0..<100 {
                // From a little before the limit to a little after it.
                let sleep = 0.0140 + Double((number * 7 + seed) % 100) * 0.000_08
                let source = "import time; time.sleep(\(sleep)); print('end')"
                let ending = try await ending(of: source, .tight.with(wall: limit))
                endings[ending, default: 0] += 1
            }
            #expect(Set(endings.keys).isSubset(of: [.exit(0), .wallTime]))
            #expect(endings.count == 2, "no run, or every one, reached the limit: \(endings)")
        }

        @Test func endAtTheCPULimitIsOneOrTheOther() async throws {
            let limit = Duration.milliseconds(15)
            var endings: [Ending: Int] = [:]
            for number in 0..<100 {
                let spin = 0.006 + Double(number % 50) * 0.000_25
                let source = """
                    import time
                    while time.process_time() < \(spin): pass
                    print("end")
                    """
                let ending = try await ending(of: source, .tight.with(cpu: limit))
                endings[ending, default: 0] += 1
            }
            #expect(Set(endings.keys).isSubset(of: [.exit(0), .cpuTime]))
            #expect(endings.count == 2, "no run, or every one, reached the limit: \(endings)")
        }

        private func ending(of source: String, _ limits: Limits) async throws -> Ending {
            var ending: Ending?
            try await Bench.current.use { sandbox in
                let result = try await sandbox.python(source, limits: limits)
                let report = try #require(result.report)
                #expect(report.isClean)
                let outcome = Ending(Outcome(of: report.exit, within: limits))
                // What it wrote before its end is there, however it ended.
                if outcome == .exit(0) { #expect(result.text == "end\n") }
                if outcome == .wallTime { #expect(report.exit.wall >= limits.wall) }
                ending = outcome
                return nil
            }
            return try #require(ending)
        }

        /// Class 29.
        @Test func everyRunGetsAFreshCopyOfItsFiles() async throws {
            let files = [Program.InputFile(path: "data/in", content: Array("good".utf8))]
            let spoil = """
                import os, shutil
                print(open("data/in").read(), os.stat("data/in").st_nlink, os.listdir("/work"))
                open("data/in", "w").write("evil")
                os.link("data/in", "/work/data/again")
                shutil.move("data", "gone")
                os.symlink("/etc", "data")
                open("json.py", "w").write("raise SystemExit(1)")
                """
            for _ in 0..<5 {
                try await Bench.current.use { sandbox in
                    let result = try await sandbox.python(spoil, files: files)
                    #expect(
                        result.text.hasPrefix("good 1 ['data', 'main.py']")
                            || result.text.hasPrefix("good 1 ['main.py', 'data']")
                    )
                    return result.report
                }
            }
        }

        /// Classes 21 and 23: the interpreter forks for every program, and none may be in its memory.
        @Test func programsAreNotInTheMemoryOfTheNext() async throws {
            let marker = "c0ffee-\(UInt64.random(in: .min ... .max))-marker"
            try await Bench.current.use { sandbox in
                let result = try await sandbox.run(
                    "import sys; print(sys.argv[1] == input() == sys.argv[1])",
                    by: .python,
                    files: [Program.InputFile(path: marker, content: Array(marker.utf8))],
                    arguments: [marker],
                    environment: [marker: marker],
                    stdin: Array(marker.utf8)
                )
                #expect(result.text == "True\n")
                return result.report
            }
            try await Bench.current.use { sandbox in
                // It is told the marker in reverse, which is no match itself.
                let result = try await sandbox.run(
                    """
                    import sys
                    def found(text):
                        marker, hits = text.encode()[::-1], 0
                        with open("/proc/self/mem", "rb", 0) as memory:
                            for line in open("/proc/self/maps"):
                                start, end = (int(part, 16) for part in line.split()[0].split("-"))
                                if " r" not in line[:60] or "[v" in line: continue
                                try:
                                    memory.seek(start)
                                    data = memory.read(end - start)
                                except (OSError, OverflowError, ValueError):
                                    continue
                                hits += data.count(marker)
                        return hits
                    print(found(sys.argv[1]), found("elacol_") > 0)
                    """,
                    by: .python,
                    arguments: [String(marker.reversed())]
                )
                // The search's own copy of the marker is on the heap, and in the data it has read.
                let hits = Int(result.text.split(separator: " ").first ?? "")
                #expect(hits != nil, "\\(result.errors)")
                #expect((hits ?? 99) <= 4)
                #expect(result.text.hasSuffix("True\n"))
                return result.report
            }
        }
    }
}

extension Abuse.Truth {
    private static let cases = [
        AbuseCase(
            name: "an atexit hook rewrites files and prints figures",
            source: """
                import atexit, os
                open("out", "w").write("first")
                def rewrite():
                    open("out", "w").write("second")
                    for name in ["result.json", "stdout", "stderr", "exit"]:
                        open(name, "w").write('{"state": "succeeded", "exit_code": 0}')
                    print('{"wall_seconds": 0, "cpu_seconds": 0, "memory_peak_bytes": 0}')
                    os._exit(3)
                atexit.register(rewrite)
                """,
            endings: [.exit(3)],
            check: { result in
                #expect(
                    result.files.map(\.path) == ["exit", "out", "result.json", "stderr", "stdout"]
                )
                #expect(result.files[1].content == Array("second".utf8))
                let exit = try #require(result.report?.exit)
                #expect(exit.cpu > .zero)
                #expect(exit.memoryPeak.bytes > 1 << 20)
            }
        ),
        AbuseCase(
            name: "time that children use is counted when nobody waits for them",
            source: """
                import os, time
                reader, writer = os.pipe()
                if os.fork() == 0:
                    os.setsid()
                    if os.fork() == 0:
                        while time.process_time() < 0.15: pass
                        os.write(writer, b"x")
                        while True: pass
                    os._exit(0)
                os.read(reader, 1)
                os._exit(0)
                """,
            check: { #expect($0.report.map { $0.exit.cpu >= .milliseconds(145) } == true) }
        ),
        AbuseCase(
            name: "time that children use is counted when their end is ignored",
            source: """
                import os, signal, time
                signal.signal(signal.SIGCHLD, signal.SIG_IGN)
                for _ in range(4):
                    if os.fork() == 0:
                        end = time.process_time() + 0.1
                        while time.process_time() < end: pass
                        os._exit(0)
                try:
                    os.wait()
                except ChildProcessError:
                    pass
                """,
            check: { #expect($0.report.map { $0.exit.cpu >= .milliseconds(390) } == true) }
        ),
        AbuseCase(
            name: "time is counted across execve and between threads",
            source: """
                import hashlib, os, sys, threading, time
                def work(): hashlib.pbkdf2_hmac("sha256", b"", b"", 150_000)
                threads = [threading.Thread(target=work) for _ in range(4)]
                for thread in threads: thread.start()
                for thread in threads: thread.join()
                print(time.process_time() > 0.1, flush=True)
                os.execv("/bin/true", ["true"])
                """,
            stdout: "True\n",
            check: { #expect($0.report.map { $0.exit.cpu >= .milliseconds(100) } == true) }
        ),
        AbuseCase(
            name: "memory of a child that is gone is in the peak",
            source: """
                import os
                if os.fork() == 0:
                    held = b"x" * (30 << 20)
                    os._exit(0)
                os.wait()
                """,
            check: { #expect($0.report.map { $0.exit.memoryPeak >= .mebibytes(30) } == true) }
        ),
        AbuseCase(
            name: "clocks are set",
            source: Attempts.prelude + """
                now = (ctypes.c_long * 2)(0, 0)
                print(call(227, 0, now), call(164, now, 0), call(159, (ctypes.c_long * 26)(1)))
                attempt("timens", lambda: os.write(os.open("/proc/self/timens_offsets", os.O_WRONLY), b"1 1 1"))
                time.sleep(0.2)
                """,
            check: {
                #expect($0.text.hasPrefix("EPERM EPERM EPERM\n"))
                #expect(!$0.text.contains("worked"))
                #expect($0.report.map { $0.exit.wall >= .milliseconds(200) } == true)
            }
        ),
        AbuseCase(
            name: "it ends before its work and prints a look-alike of a result",
            source: """
                import os
                print('{"state": "succeeded", "reason": null, "exit_code": 0, "files": []}', flush=True)
                os._exit(0)
                """,
            stdout: #"{"state": "succeeded", "reason": null, "exit_code": 0, "files": []}"# + "\n",
            check: { #expect($0.files.isEmpty) }
        ),
        AbuseCase(
            name: "it looks for the expected output and for other cases",
            source: """
                import os
                found = []
                for top in ["/work", "/tmp", "/dev/shm", "/home", "/root", "/run", "/var", "/opt", "/srv", "/mnt", "/media"]:
                    for directory, _, files in os.walk(top):
                        found += [os.path.join(directory, name) for name in files]
                found = [path for path in found if not path.startswith(("/var/lib/dpkg", "/var/lib/systemd", "/var/lib/pam"))]
                print([path for path in found if "expected" in path or "case" in path or "result" in path])
                print([path for path in found if path.startswith(("/work", "/tmp", "/dev"))])
                """,
            files: [Program.InputFile(path: "in", content: [1])],
            check: {
                #expect(
                    $0.text == "[]\n['/work/in', '/work/main.py']\n"
                        || $0.text == "[]\n['/work/main.py', '/work/in']\n"
                )
            }
        ),
        AbuseCase(
            name: "its name in the kernel's lists is made to mislead a parser",
            source: Attempts.prelude + """
                for name in [b") R 0 0 0 0", b"a\\nUid:\\t0\\t0", b"oom_kill 99", b"(((", b""]:
                    libc.prctl(15, name, 0, 0, 0)
                    if os.fork() == 0:
                        os._exit(0)
                    os.wait()
                print("named")
                """,
            stdout: "named\n",
            check: {
                #expect($0.report?.exit.oomKills == 0)
                #expect($0.report?.exit.status == .code(0))
            }
        ),
    ]
}
