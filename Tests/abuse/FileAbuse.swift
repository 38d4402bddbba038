import SandboxFixture
import SandmillEntity
import SandmillService
import Testing

extension Abuse {
    /// Classes 1 to 5 and 7: what programs leave where their output is looked for.
    @Suite(.bench()) struct Files {
        @Test(arguments: links + races + kinds + names + inputs)
        func hostileFilesAreHarmless(abuse: AbuseCase) async throws {
            try await Bench.current.run(abuse)
        }
    }

    /// Class 4 where there is room for many files.
    @Suite(
        .bench(
            TestEngine.specification(
                memory: .mebibytes(512),
                scratch: .mebibytes(64),
                scratchFiles: 110_000
            )
        )
    )
    struct ManyFiles {
        @Test(arguments: cases)
        func floodOfFilesIsBounded(abuse: AbuseCase) async throws {
            try await Bench.current.run(abuse)
        }
    }
}

extension Abuse.Files {
    /// Class 1 and 2: links and what is planted at paths that the agent uses.
    private static let links = [
        AbuseCase(
            name: "an output is a link to /etc/shadow",
            source: "import os; os.symlink('/etc/shadow', 'out.txt')",
            outputs: ["out.txt"],
            check: {
                #expect($0.files.isEmpty)
                #expect($0.skipped == ["out.txt": .symlink])
            }
        ),
        AbuseCase(
            name: "a directory above an output is a link to the root",
            source: "import os; os.symlink('/', 'd'); os.symlink('/proc/1', 'p')",
            outputs: ["d/etc/passwd", "d/**", "p/environ", "**"],
            check: {
                #expect($0.files.map(\.path) == ["main.py"])
                #expect($0.skipped == ["d": .symlink, "p": .symlink])
            }
        ),
        AbuseCase(
            name: "links that lead in circles and nowhere",
            source: """
                import os
                os.symlink("a", "b")
                os.symlink("b", "a")
                os.symlink("self/self", "self")
                os.symlink("x" * 4095, "far")
                os.symlink("/proc/self/fd/1", "stdout")
                """,
            check: {
                #expect($0.files.isEmpty)
                #expect(Set($0.skipped.keys) == ["a", "b", "self", "far", "stdout"])
                #expect(Set($0.skipped.values) == [.symlink])
            }
        ),
        AbuseCase(
            name: "the program's own file becomes a link",
            source: "import os; os.remove('main.py'); os.symlink('/etc/passwd', 'main.py')",
            check: {
                #expect($0.files.isEmpty)
                #expect($0.skipped == ["main.py": .symlink])
            }
        ),
        AbuseCase(
            name: "links and FIFOs lie where the reset moves things to",
            source: """
                import os
                for place in ["/work", "/tmp", "/dev/shm"]:
                    for number in range(0, 40, 4):
                        os.symlink("/etc", f"{place}/.moved-{number}")
                        os.mkfifo(f"{place}/.moved-{number + 1}")
                        os.makedirs(f"{place}/.moved-{number + 2}/full")
                        os.mkdir(f"{place}/.moved-{number + 3}")
                    os.makedirs(f"{place}/a/b/c/d/e")
                    os.symlink("/etc", f"{place}/a/b/link")
                print("planted")
                """,
            stdout: "planted\n",
            check: { #expect($0.files.isEmpty) }
        ),
        AbuseCase(
            name: "hard links to files of the image and of other processes",
            source: Attempts.prelude + """
                attempt("passwd", os.link, "/etc/passwd", "passwd")
                attempt("python", os.link, "/usr/bin/python3", "/tmp/python3")
                attempt("environ", os.link, "/proc/1/environ", "environ")
                attempt("tmp", os.link, "main.py", "/tmp/main.py")
                """,
            stdout: "passwd EXDEV\npython EXDEV\nenviron EXDEV\ntmp EXDEV\n"
        ),
        AbuseCase(
            name: "the working directory is taken away",
            source: Attempts.prelude + """
                attempt("chmod", os.chmod, "/work", 0)
                attempt("rename", os.rename, "/work", "/tmp/work")
                attempt("rmdir", os.rmdir, "/work")
                attempt("chown", os.chown, "/work", os.getuid(), os.getuid())
                attempt("swap", os.rename, "/tmp", "/work")
                os.mkdir("own")
                os.chdir("own")
                os.rmdir("../own")
                attempt("cwd", os.getcwd)
                """,
            stdout: """
                chmod EPERM
                rename EXDEV
                rmdir EROFS
                chown EPERM
                swap EROFS
                cwd ENOENT

                """
        ),
    ]

    /// Class 3: what changes while the program ends.
    private static let races = [
        AbuseCase(
            name: "a process swaps a file and a link while the program ends",
            source: """
                import os, time
                open("file", "w").write("mine")
                os.symlink("/etc/passwd", "link")
                for _ in range(4):
                    if os.fork() == 0:
                        while True:
                            try:
                                os.rename("file", "out")
                                os.rename("link", "out")
                            except OSError:
                                pass
                            try:
                                open("file", "w").write("mine")
                                os.symlink("/etc/passwd", "link")
                            except OSError:
                                pass
                time.sleep(0.05)
                os._exit(0)
                """,
            check: { result in
                #expect(!result.files.isEmpty || !result.skipped.isEmpty)
                for file in result.files {
                    #expect(!String(decoding: file.content, as: UTF8.self).contains("root:"))
                }
            }
        ),
        AbuseCase(
            name: "a process swaps a directory and a link to /etc while the program ends",
            source: Attempts.prelude + """
                os.makedirs("d/sub")
                open("d/passwd", "w").write("mine")
                os.symlink("/etc", "e")
                if os.fork() == 0:
                    while True:
                        call(316, -100, b"d", -100, b"e", 2)
                time.sleep(0.05)
                print(call(316, -100, b"d", -100, b"e", 2), flush=True)
                os._exit(0)
                """,
            stdout: "worked\n",
            check: { result in
                #expect(result.files.count == 1)
                #expect(result.files.first?.content == Array("mine".utf8))
                #expect(Array(result.skipped.values) == [.symlink])
            }
        ),
        AbuseCase(
            name: "daemons hold locks and a lease on an output",
            source: """
                import fcntl, os, signal, time
                open("out", "w").write("kept")
                ready, told = os.pipe()
                if os.fork() == 0:
                    signal.signal(signal.SIGIO, signal.SIG_IGN)
                    file = os.open("out", os.O_RDWR)
                    fcntl.flock(file, fcntl.LOCK_EX)
                    fcntl.lockf(file, fcntl.LOCK_EX)
                    fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
                    print(fcntl.fcntl(file, fcntl.F_GETLEASE) == fcntl.F_WRLCK, flush=True)
                    os.write(told, b"x")
                    time.sleep(60)
                os.read(ready, 1)
                os._exit(0)
                """,
            stdout: "True\n",
            check: {
                #expect($0.files.map(\.path) == ["out"])
                #expect($0.files.first?.content == Array("kept".utf8))
            }
        ),
        AbuseCase(
            name: "a descriptor in flight holds a lease on an output",
            source: """
                import array, fcntl, os, signal, socket
                signal.signal(signal.SIGIO, signal.SIG_IGN)
                for number in range(10):
                    file = os.open(f"out{number}", os.O_RDWR | os.O_CREAT)
                    fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
                    assert fcntl.fcntl(file, fcntl.F_GETLEASE) == fcntl.F_WRLCK
                    pair = socket.socketpair()
                    rights = array.array("i", [pair[0].fileno(), pair[1].fileno(), file])
                    for end in pair:
                        end.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
                print("leased")
                """,
            stdout: "leased\n",
            mayLeaveUnclean: true,
            check: {
                #expect($0.files.count + $0.skipped.count == 10)
                #expect(Set($0.skipped.values).isSubset(of: [.unreadable]))
            }
        ),
        AbuseCase(
            name: "a process makes directories without end while the program ends",
            source: """
                import os, time
                for _ in range(3):
                    if os.fork() == 0:
                        while True:
                            try:
                                os.makedirs(f"{os.getpid()}/{time.monotonic_ns()}/a/b")
                            except OSError:
                                os.chdir(f"/work/{os.getpid()}")
                time.sleep(0.05)
                os._exit(0)
                """
        ),
    ]

    /// Class 4: what is no plain file.
    private static let kinds = [
        AbuseCase(
            name: "a FIFO, a socket and a device are no output",
            source: Attempts.prelude + """
                import socket, stat
                os.mkfifo("fifo")
                socket.socket(socket.AF_UNIX).bind("socket")
                attempt("device", os.mknod, "device", stat.S_IFCHR | 0o666, os.makedev(1, 3))
                attempt("block", os.mknod, "block", stat.S_IFBLK | 0o666, os.makedev(7, 0))
                open("whiteout", "w").close()
                print("whiteout", call(316, -100, b"whiteout", -100, b"moved", 4))
                """,
            check: {
                #expect($0.text.hasPrefix("device EPERM\nblock EPERM\nwhiteout "))
                #expect($0.skipped["fifo"] == .notRegular)
                #expect($0.skipped["socket"] == .notRegular)
                #expect($0.files.count == 1)
            }
        ),
        AbuseCase(
            name: "a directory is 900 deep",
            source: """
                import os
                for place in ["/tmp", "/dev/shm", "/work"]:
                    os.chdir(place)
                    for depth in range(900):
                        os.mkdir("d")
                        os.chdir("d")
                    open("end", "w").close()
                print(depth)
                """,
            stdout: "899\n",
            check: {
                #expect($0.files.isEmpty)
                #expect(Array($0.skipped.values) == [.tooDeep])
            }
        ),
        AbuseCase(
            name: "a path is so long that it cannot be named",
            source: longPath(leaf: "x"),
            stdout: "made\n",
            check: { #expect(Set($0.skipped.values) == [.pathTooLong]) }
        ),
        AbuseCase(
            name: "a path that is cut would climb",
            source: longPath(leaf: "..x", directory: 4_093),
            stdout: "made\n",
            check: { #expect(Set($0.skipped.values) == [.pathTooLong]) }
        ),
        AbuseCase(
            name: "a path that is cut would end in a dot",
            source: longPath(leaf: ".x", directory: 4_094),
            stdout: "made\n",
            check: { #expect(Set($0.skipped.values) == [.pathTooLong]) }
        ),
        AbuseCase(
            name: "a link with a path that is too long",
            source: longPath(leaf: "x", make: "os.symlink('/etc/passwd', LEAF)"),
            stdout: "made\n",
            check: { #expect(Set($0.skipped.values) == [.pathTooLong]) }
        ),
        AbuseCase(
            name: "directories whose path is too long",
            source: """
                import os
                for _ in range(40):
                    os.mkdir("d" * 255)
                    os.chdir("d" * 255)
                print("made")
                """,
            stdout: "made\n",
            check: { #expect(Set($0.skipped.values) == [.pathTooLong]) }
        ),
        AbuseCase(
            name: "a sparse file of a pebibyte",
            source: """
                import os
                open("huge", "w").truncate(1 << 50)
                open("/tmp/huge", "w").truncate(1 << 60)
                print(os.stat("huge").st_size, os.stat("/tmp/huge").st_size)
                """,
            stdout: "1125899906842624 1152921504606846976\n",
            check: {
                #expect($0.files.isEmpty)
                #expect($0.skipped == ["huge": .tooLarge])
            }
        ),
        AbuseCase(
            name: "a hole as large as the limit",
            source: "open('hole', 'w').truncate(2 << 20)",
            check: {
                #expect($0.files.map(\.path) == ["hole"])
                #expect($0.files.first?.content.count == 2 << 20)
                #expect($0.files.first?.content.allSatisfy { $0 == 0 } == true)
            }
        ),
        AbuseCase(
            name: "20 hard links to one large file",
            source: """
                import os
                open("0", "wb").write(bytes(1 << 20))
                for number in range(1, 20):
                    os.link("0", str(number))
                print(os.stat("0").st_nlink)
                """,
            stdout: "20\n",
            check: {
                #expect($0.files.count == 2)
                #expect($0.skipped.count == 18)
                #expect(Set($0.skipped.values) == [.tooLarge])
            }
        ),
        AbuseCase(
            name: "more files than are kept",
            source: "for number in range(900): open(str(number), 'w').write('x')",
            check: {
                #expect($0.files.count == 20)
                #expect($0.skipped.count == 880)
                #expect(Set($0.skipped.values) == [.tooMany])
            }
        ),
    ]

    /// A program that makes something below a directory whose path has so many bytes.
    private static func longPath(
        leaf: String,
        directory: Int = 4_095,
        make: String = "open(LEAF, 'w').close()"
    ) -> String {
        """
        import os
        LEAF, left = "\(leaf)", \(directory)
        while left > 0:
            name = "d" * min(left, 200 if left != 201 else 100)
            os.mkdir(name)
            os.chdir(name)
            left -= len(name) + 1
        assert left == -1
        \(make)
        print("made")
        """
    }

    /// Class 5 and 7: names, modes, attributes and patterns.
    private static let names = [
        AbuseCase(
            name: "names hold newlines, escape codes and bytes that are no text",
            source: #"""
                import os
                for name in [b"a\nb", b"\x1b[31m", b"\xff\xfe", b"back\\slash", b"n" * 255, b" ", b"-rf",
                             b"\xe2\x80\xae.txt", b"'\"$(id)"]:
                    open(name, "w").write("x")
                """#,
            check: { result in
                let paths = Set(result.files.map(\.path))
                #expect(result.files.count == 9)
                for name in [
                    #"a\x0ab"#, #"\x1b[31m"#, #"\xff\xfe"#, #"back\x5cslash"#,
                    String(repeating: "n", count: 255), " ", "-rf", "'\"$(id)",
                ] {
                    #expect(paths.contains(name))
                }
            }
        ),
        AbuseCase(
            name: "nobody may read the files or enter the directories",
            source: """
                import os
                os.makedirs("d/e")
                open("d/e/file", "w").write("inside")
                open("secret", "w").write("secret")
                os.chmod("secret", 0)
                os.chmod("d/e", 0)
                os.chmod("d", 0)
                for place in ["/tmp", "/dev/shm"]:
                    os.makedirs(f"{place}/a/b/c")
                    os.chmod(f"{place}/a/b", 0)
                    os.chmod(f"{place}/a", 0)
                """,
            check: {
                #expect($0.files.map(\.path) == ["d/e/file", "secret"])
                #expect($0.files.map(\.content) == [Array("inside".utf8), Array("secret".utf8)])
            }
        ),
        AbuseCase(
            name: "a file is setuid and has attributes",
            source: Attempts.prelude + """
                import shutil
                shutil.copy("/bin/sh", "shell")
                os.chmod("shell", 0o6755)
                attempt("user", os.setxattr, "shell", "user.left", b"x")
                attempt("capability", os.setxattr, "shell", "security.capability", bytes(20))
                attempt("trusted", os.setxattr, "shell", "trusted.left", b"x")
                print(os.popen("./shell -c 'id -u'").read().strip() == str(os.getuid()))
                """,
            check: {
                #expect($0.text.hasSuffix("capability EINVAL\ntrusted EPERM\nTrue\n"))
                #expect($0.files.map(\.path) == ["shell"])
            }
        ),
        AbuseCase(
            name: "attributes are given to the places themselves",
            source: Attempts.prelude + """
                for place in ["/work", "/tmp", "/dev/shm"]:
                    attempt(place, os.setxattr, place, "user.left", b"x" * 1000)
                """,
            stdout: "/work EPERM\n/tmp EPERM\n/dev/shm EPERM\n"
        ),
        AbuseCase(
            name: "files carry all the attributes they can",
            source: """
                import os
                made = 0
                for place in ["/work", "/tmp", "/dev/shm"]:
                    open(place + "/file", "w").close()
                    try:
                        while True:
                            os.setxattr(place + "/file", f"user.{made}", bytes(60000))
                            made += 1
                    except OSError:
                        pass
                print(made > 0)
                """,
            endings: [.exit(0), .outOfMemory]
        ),
        AbuseCase(
            name: "files are made immutable",
            source: Attempts.prelude + """
                import fcntl, struct
                file = os.open("file", os.O_CREAT | os.O_RDWR)
                for flag in [0x10, 0x20]:
                    attempt(hex(flag), fcntl.ioctl, file, 0x40086602, struct.pack("l", flag))
                """,
            check: { #expect(!$0.text.contains("worked")) }
        ),
        AbuseCase(
            name: "patterns and names are made to explode",
            source: """
                for number in range(500):
                    open("a" * 250 + f"{number:03}c", "w").close()
                """,
            outputs: [
                "*a*a*a*a*a*a*a*a*a*a*a*b", "**/**/**/**/**/**/*b", "?*?*?*?*?*?*?*?*b",
            ],
            check: {
                #expect($0.files.isEmpty)
                #expect($0.skipped.isEmpty)
            }
        ),
    ]

    /// Class 4: the files that the program was given.
    private static let inputs = [
        AbuseCase(
            name: "an input is rewritten with its size and times kept",
            source: """
                import os, time
                time.sleep(0.02)
                before = os.stat("data")
                with open("data", "r+") as file:
                    file.write("evil")
                os.utime("data", ns=(before.st_atime_ns, before.st_mtime_ns))
                """,
            files: [Program.InputFile(path: "data", content: Array("good".utf8))],
            check: {
                #expect($0.files.map(\.path) == ["data"])
                #expect($0.files.first?.content == Array("evil".utf8))
            }
        ),
        AbuseCase(
            name: "an input is replaced by another file of its size and times",
            source: """
                import os
                before = os.stat("data")
                open("other", "w").write("evil")
                os.utime("other", ns=(before.st_atime_ns, before.st_mtime_ns))
                os.rename("other", "data")
                """,
            files: [Program.InputFile(path: "data", content: Array("good".utf8))],
            check: {
                #expect($0.files.map(\.path) == ["data"])
                #expect($0.files.first?.content == Array("evil".utf8))
            }
        ),
        AbuseCase(
            name: "inputs get hard links, and times before 1970 and far ahead",
            source: """
                import os
                os.link("data", "again")
                os.utime("data", (-1e9, -1e9))
                os.utime("main.py", (1e10, 1e10))
                """,
            files: [Program.InputFile(path: "data", content: Array("good".utf8))],
            check: { #expect($0.files.map(\.path) == ["again", "data", "main.py"]) }
        ),
        AbuseCase(
            name: "descriptors in flight keep deleted files alive",
            source: """
                import array, os, socket
                before = os.statvfs("/work").f_bfree
                for number in range(20):
                    file = os.open("file", os.O_RDWR | os.O_CREAT)
                    os.write(file, bytes(500_000))
                    os.unlink("file")
                    pair = socket.socketpair()
                    rights = array.array("i", [pair[0].fileno(), pair[1].fileno(), file])
                    for end in pair:
                        end.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
                    for end in pair:
                        end.close()
                    os.close(file)
                print(os.statvfs("/work").f_bfree < before)
                """,
            stdout: "True\n",
            mayLeaveUnclean: true
        ),
        AbuseCase(
            name: "descriptors are sent in sockets that are sent in sockets",
            source: """
                import array, os, socket
                def send(end, *descriptors):
                    rights = array.array("i", descriptors)
                    end.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
                inner = os.open("/tmp/file", os.O_RDWR | os.O_CREAT)
                for depth in range(300):
                    pair = socket.socketpair()
                    send(pair[0], inner)
                    os.close(inner)
                    pair[0].close()
                    inner = pair[1].detach()
                print(depth)
                """,
            stdout: "299\n"
        ),
    ]
}

extension Abuse.ManyFiles {
    private static let cases = [
        AbuseCase(
            name: "100,000 empty files",
            source: """
                import os
                for number in range(100_000):
                    os.close(os.open(str(number), os.O_CREAT | os.O_WRONLY))
                print(number)
                """,
            stdout: "99999\n",
            check: {
                #expect($0.files.count == 20)
                #expect($0.skipped.count == 1_000)
            }
        ),
        AbuseCase(
            name: "20,000 files with the longest names",
            source: """
                import os
                for number in range(20_000):
                    os.close(os.open(f"{number:0255}", os.O_CREAT | os.O_WRONLY))
                print(number)
                """,
            stdout: "19999\n",
            check: {
                #expect($0.files.count == 20)
                // As many as all their paths together may take.
                #expect((900...1_000).contains($0.skipped.count))
                #expect(Set($0.skipped.values) == [.tooMany])
            }
        ),
        AbuseCase(
            name: "a directory is 20,000 deep in every place",
            source: """
                import os
                for place in ["/tmp", "/dev/shm", "/work"]:
                    os.chdir(place)
                    for depth in range(20_000):
                        os.mkdir("d")
                        os.chdir("d")
                print(depth)
                """,
            stdout: "19999\n",
            check: { #expect(Array($0.skipped.values) == [.tooDeep]) }
        ),
        AbuseCase(
            name: "every directory of a deep tree has siblings",
            source: """
                import os
                for depth in range(2_000):
                    for name in "abcdefgh":
                        os.mkdir(name)
                    os.chdir("d")
                print(depth)
                """,
            stdout: "1999\n",
            check: { #expect(Set($0.skipped.values) == [.tooDeep]) }
        ),
    ]
}
