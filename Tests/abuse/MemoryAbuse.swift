import SandboxFixture
import SandmillEntity
import SandmillService
import Testing

extension Abuse {
    /// Classes 10 and 11: memory, in all the places where it can be taken.
    @Suite(.bench()) struct Memory {
        @Test(arguments: cases)
        func memoryIsCountedAndCapped(abuse: AbuseCase) async throws {
            try await Bench.current.run(abuse)
        }
    }

    /// Class 11 where the places together hold more than the memory limit.
    @Suite(
        .bench(TestEngine.specification(memory: .mebibytes(64), scratch: .mebibytes(128)))
    )
    struct FilesAsMemory {
        @Test(arguments: cases)
        func filesAreMemory(abuse: AbuseCase) async throws {
            try await Bench.current.run(abuse)
        }
    }
}

/// Tries to make the program as likely to be killed as the agent and the warm interpreter.
private let lowered = """
    import os
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("500")
        print("lowered", flush=True)
    except OSError as error:
        print("refused", error.errno, flush=True)

    """

private let hasTried: @Sendable (Collected) throws -> Void = {
    #expect(["lowered\n", "refused 13\n"].contains($0.text))
}

extension Abuse.Memory {
    private static let cases = [
        AbuseCase(
            name: "one huge allocation",
            source: "print('before', flush=True); data = b'x' * (400 << 20); print('after')",
            endings: [.outOfMemory],
            stdout: "before\n",
            check: {
                #expect($0.report?.exit.status == .signal(9))
                #expect($0.report?.exit.killCause == nil)
                #expect($0.report.map { $0.exit.oomKills > 0 } == true)
            }
        ),
        AbuseCase(
            name: "an allocation that is refused for being absurd",
            source: "bytearray(1 << 50)",
            endings: [.exit(1), .outOfMemory],
            check: { #expect($0.errors.contains("MemoryError")) }
        ),
        AbuseCase(
            name: "memory grows slowly",
            source: """
                held = []
                while True:
                    held.append(bytes(range(256)) * 4096)
                    print(len(held), flush=True)
                """,
            endings: [.outOfMemory],
            check: { #expect($0.text.contains("50\n")) }
        ),
        AbuseCase(
            name: "many processes that each stay under the limit",
            source: """
                import os, time
                for _ in range(20):
                    if os.fork() == 0:
                        held = b"x" * (10 << 20)
                        time.sleep(60)
                time.sleep(60)
                """,
            limits: .tight.with(wall: .seconds(1)),
            endings: [.outOfMemory],
            check: { #expect($0.report.map { $0.exit.oomKills > 0 } == true) }
        ),
        AbuseCase(
            name: "a child is killed for its memory and its parent hides it",
            source: """
                import os
                pid = os.fork()
                if pid == 0:
                    held = b"x" * (400 << 20)
                    os._exit(0)
                print(os.waitpid(pid, 0)[1])
                """,
            endings: [.outOfMemory],
            stdout: "9\n",
            check: { #expect($0.report?.exit.status == .code(0)) }
        ),
        AbuseCase(
            name: "a SIGKILL of its own is not told as a lack of memory",
            source: "import os; held = b'x' * (30 << 20); os.kill(os.getpid(), 9)",
            endings: [.signal(9)],
            check: { #expect($0.report?.exit.oomKills == 0) }
        ),
        AbuseCase(
            name: "shared memory without a name",
            source: """
                import mmap
                held = mmap.mmap(-1, 400 << 20)
                for offset in range(0, 400 << 20, 4096):
                    held[offset] = 1
                """,
            endings: [.outOfMemory]
        ),
        AbuseCase(
            name: "page tables alone",
            source: """
                import mmap
                held = mmap.mmap(-1, 1 << 44, flags=mmap.MAP_PRIVATE | 0x4000)
                for offset in range(0, 1 << 44, 2 << 20):
                    held[offset]
                """,
            endings: [.outOfMemory],
            stdout: ""
        ),
        AbuseCase(
            name: "memfd_create and execveat",
            source: Attempts.prelude + """
                file = os.memfd_create("program", 0)
                os.write(file, open("/bin/true", "rb").read())
                if os.fork() == 0:
                    call(322, file, b"", 0, 0, 0x1000)
                    os._exit(99)
                print(os.wait()[1], flush=True)
                block = bytes(1 << 20)
                while True:
                    os.write(file, block)
                """,
            endings: [.outOfMemory],
            check: { #expect($0.text == "0\n" || $0.text == "35072\n") }
        ),
        AbuseCase(
            name: "pipes and sockets that nobody reads",
            source: """
                import fcntl, os, socket
                held = []
                print("filling", flush=True)
                while True:
                    if os.fork() == 0:
                        held = []
                    try:
                        while True:
                            for ends in [os.pipe(), [end.detach() for end in socket.socketpair()]]:
                                held += ends
                                os.set_blocking(ends[1], False)
                                try:
                                    while True:
                                        os.write(ends[1], bytes(65536))
                                except BlockingIOError:
                                    pass
                    except OSError:
                        pass
                """,
            endings: [.outOfMemory],
            stdout: "filling\n"
        ),
        AbuseCase(
            name: "every writable place is filled",
            source: Attempts.prelude + """
                def fill(path):
                    file = os.open(path, os.O_CREAT | os.O_WRONLY)
                    for _ in range(40):
                        os.write(file, bytes(1 << 20))
                for place in ["/tmp", "/work", "/dev/shm"]:
                    attempt(place, fill, place + "/full")
                    os.remove(place + "/full")
                for path in ["/dev/mqueue/q", "/dev/full-of-it", "/etc/x", "/var/tmp/x", "/run/x"]:
                    try:
                        fill(path)
                        print(path, "worked")
                    except OSError:
                        pass
                """,
            endings: [.exit(0)],
            stdout: "/tmp ENOSPC\n/work ENOSPC\n/dev/shm ENOSPC\n"
        ),
        AbuseCase(
            name: "files that were deleted are held open until all is full",
            source: Attempts.prelude + """
                def fill(number):
                    file = os.open("/tmp/full", os.O_CREAT | os.O_WRONLY)
                    os.unlink("/tmp/full")
                    os.write(file, bytes(1 << 20))
                for number in range(15):
                    fill(number)
                attempt("the 16th", lambda: [fill(number) for number in range(9)])
                """,
            stdout: "the 16th ENOSPC\n"
        ),
        AbuseCase(
            name: "memory is locked",
            source: Attempts.prelude + """
                import mmap
                print("mlockall", call(151, 3))
                held = mmap.mmap(-1, 1 << 20)
                address = ctypes.addressof(ctypes.c_char.from_buffer(held))
                print("mlock", call(149, address, 1 << 20))
                """,
            stdout: "mlockall EPERM\nmlock EPERM\n"
        ),
        AbuseCase(
            name: "a lowered oom_score_adj and one huge allocation",
            source: lowered + "held = b'x' * (400 << 20)",
            endings: [.outOfMemory],
            check: hasTried
        ),
        AbuseCase(
            name: "a lowered oom_score_adj and processes smaller than the interpreter",
            source: lowered + """
                import time
                for _ in range(28):
                    if os.fork() == 0:
                        held = b"x" * (3 << 20)
                        time.sleep(0.3)
                        held += b"x" * (1 << 20)
                        time.sleep(60)
                time.sleep(60)
                """,
            limits: .tight.with(wall: .seconds(1)),
            endings: [.outOfMemory, .wallTime],
            check: hasTried
        ),
        AbuseCase(
            name: "a lowered oom_score_adj and memory that belongs to no process",
            source: lowered + """
                file = os.memfd_create("full", 0)
                while True:
                    os.write(file, bytes(1 << 20))
                """,
            endings: [.outOfMemory],
            check: hasTried
        ),
    ]
}

extension Abuse.FilesAsMemory {
    // Files that fill the memory may have the kernel end the interpreter, once the program is dead: the
    // sandbox is then destroyed, and the program's end is told as it was.
    private static func fill(_ places: String, then: String = "") -> String {
        """
        import os
        print("filling", flush=True)
        for place in [\(places)]:
            try:
                file = os.open(place + "/full", os.O_CREAT | os.O_WRONLY)
                while True:
                    os.write(file, bytes(1 << 18))
            except OSError:
                pass
        print("full")
        \(then)
        """
    }

    private static let cases =
        ["/tmp", "/dev/shm", "/work"].map { place in
            AbuseCase(
                name: "\(place) is filled until there is no memory",
                source: fill("'\(place)'"),
                endings: [.outOfMemory],
                stdout: "filling\n",
                mayLeaveUnclean: true
            )
        } + [
            AbuseCase(
                name: "many small files are made until there is no memory",
                source: """
                    print("filling", flush=True)
                    for number in range(990):
                        open(f"/work/{number}", "wb").write(bytes(200_000))
                    """,
                endings: [.outOfMemory],
                stdout: "filling\n",
                mayLeaveUnclean: true
            ),
            AbuseCase(
                name: "files fill the memory, and the program ends just below the limit",
                source: """
                    import os
                    file = os.open("/work/full", os.O_CREAT | os.O_WRONLY)
                    limit = int(open("/sys/fs/cgroup/memory/memory.limit_in_bytes").read())
                    usage = "/sys/fs/cgroup/memory/memory.usage_in_bytes"
                    while limit - int(open(usage).read()) > 600_000:
                        os.write(file, bytes(1 << 16))
                    print("near")
                    """,
                endings: [.exit(0), .outOfMemory],
                mayLeaveUnclean: true
            ),
        ]
}
