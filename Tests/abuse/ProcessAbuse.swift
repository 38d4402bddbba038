import SandboxFixture
import SandmillEntity
import SandmillService
import Testing

extension Abuse {
    /// Classes 9, 12 to 14, 17 and 19: processes, time, descriptors and ends.
    @Suite(.bench()) struct Processes {
        @Test(arguments: floods + daemons + clocks + exhaustion + ends + manners)
        func hostileProcessesAreBounded(abuse: AbuseCase) async throws {
            try await Bench.current.run(abuse)
        }

        @Test func everyExitCodeIsReported() async throws {
            for code in 0...255 {
                try await Bench.current.use { sandbox in
                    let result = try await sandbox.python("import os; os._exit(\(code))")
                    #expect(result.report?.exit.status == .code(code))
                    #expect(result.report?.isClean == true)
                    return nil
                }
            }
        }

        @Test func everySignalIsReported() async throws {
            // Those that end nobody by default are left out.
            let harmless = [17, 18, 19, 20, 21, 22, 23, 28]
            for signal in Array(1...31) + Array(34...64) where !harmless.contains(signal) {
                try await Bench.current.use { sandbox in
                    let source = """
                        import os, signal
                        if \(signal) not in (9, 19): signal.signal(\(signal), signal.SIG_DFL)
                        os.kill(os.getpid(), \(signal))
                        """
                    let result = try await sandbox.python(source)
                    #expect(result.report?.exit.status == .signal(signal))
                    #expect(result.report?.exit.killCause == nil)
                    #expect(result.report?.isClean == true)
                    return nil
                }
            }
        }
    }
}

/// How late after a wall limit an end may be noticed, where the program leaves the agent a processor:
/// a millisecond or two on an idle machine, more where others use it.
private let late = Duration.seconds(1)
/// The same where it leaves none.
private let lateUnderLoad = Duration.seconds(2)

private func endsInTime(_ limit: Duration, _ late: Duration) -> @Sendable (Collected) throws -> Void
{
    { result in
        let wall = try #require(result.report?.exit.wall)
        #expect(wall >= limit)
        #expect(wall < limit + late)
    }
}

extension Abuse.Processes {
    private static let second = Limits.tight.with(wall: .seconds(1))
    private static let half = Limits.tight.with(wall: .milliseconds(500))

    /// Class 9.
    private static let floods = [
        AbuseCase(
            name: "a fork bomb",
            source: """
                import os
                while True:
                    try:
                        os.fork()
                    except OSError:
                        pass
                """,
            limits: half,
            endings: [.wallTime],
            check: endsInTime(.milliseconds(500), lateUnderLoad)
        ),
        AbuseCase(
            name: "a fork bomb whose processes lead sessions and ignore signals",
            source: """
                import os, signal
                for number in range(1, 32):
                    if number not in (9, 19):
                        signal.signal(number, signal.SIG_IGN)
                while True:
                    try:
                        if os.fork() == 0:
                            os.setsid()
                    except OSError:
                        pass
                """,
            limits: half,
            endings: [.wallTime]
        ),
        AbuseCase(
            name: "a fork bomb that ends its first process at once",
            source: """
                import os
                if os.fork() > 0:
                    os._exit(0)
                while True:
                    try:
                        if os.fork() > 0 and os.getpid() % 2:
                            os._exit(0)
                    except OSError:
                        pass
                """
        ),
        AbuseCase(
            name: "children are given to the agent while they are made",
            source: Attempts.prelude + """
                CLONE_PARENT, SIGCHLD = 0x8000, 17
                made = 0
                while made < 2_000:
                    try:
                        result = libc.syscall(56, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0)
                        if result == 0:
                            os._exit(made & 0xFF)
                        made += result > 0
                    except OSError:
                        pass
                print(made)
                """,
            stdout: "2000\n"
        ),
        AbuseCase(
            name: "a thread bomb",
            source: """
                import threading, time
                started = 0
                try:
                    while True:
                        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
                        started += 1
                except RuntimeError as error:
                    print(0 < started < 32, error, flush=True)
                time.sleep(60)
                """,
            limits: half,
            endings: [.wallTime],
            stdout: "True can't start new thread\n"
        ),
        AbuseCase(
            name: "the limit of processes is not for the program to raise",
            source: Attempts.prelude + """
                import resource
                _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
                def raise_limit():
                    try:
                        resource.setrlimit(resource.RLIMIT_NPROC, (hard + 1, hard + 1))
                    except ValueError as error:
                        raise PermissionError(errno.EPERM, str(error))
                attempt("raise", raise_limit)
                made = 0
                try:
                    while True:
                        if os.fork() == 0:
                            time.sleep(60)
                        made += 1
                except BlockingIOError:
                    print(hard, made)
                """,
            stdout: "raise EPERM\n32 31\n"
        ),
        AbuseCase(
            name: "zombies without end",
            source: """
                import os
                made = 0
                try:
                    while True:
                        if os.fork() == 0:
                            os._exit(0)
                        made += 1
                except OSError as error:
                    print(made, error.errno)
                """,
            stdout: "31 11\n"
        ),
        AbuseCase(
            name: "5,000 orphans for the agent to reap",
            source: """
                import os
                for _ in range(1_250):
                    pid = os.fork()
                    if pid == 0:
                        for _ in range(4):
                            while True:
                                try:
                                    if os.fork() == 0:
                                        os._exit(0)
                                    break
                                except OSError:
                                    pass
                        os._exit(0)
                    os.waitpid(pid, 0)
                print("done")
                """,
            stdout: "done\n"
        ),
    ]

    /// Class 13.
    private static let daemons = [
        AbuseCase(
            name: "a daemon of a session of its own holds stdout open",
            source: """
                import os, time
                if os.fork() == 0:
                    os.setsid()
                    if os.fork() == 0:
                        time.sleep(60)
                    os._exit(0)
                print("parent", flush=True)
                os._exit(0)
                """,
            stdout: "parent\n",
            check: { #expect($0.report.map { $0.exit.wall < .seconds(10) } == true) }
        ),
        AbuseCase(
            name: "a daemon floods stdout while the program ends",
            source: """
                import os, time
                for _ in range(3):
                    if os.fork() == 0:
                        os.setsid()
                        while True:
                            os.write(1, b"flood" * 1_000)
                time.sleep(0.1)
                os._exit(3)
                """,
            endings: [.exit(3)],
            check: { result in
                let exit = try #require(result.report?.exit)
                #expect(exit.wall < .seconds(10))
                #expect(exit.stdout.bytes > Int64(result.stdout.count))
                #expect(result.stdout.count == 64 << 10)
            }
        ),
        AbuseCase(
            name: "a daemon that replaces itself all the time",
            source: """
                import os
                if os.fork() == 0:
                    while True:
                        try:
                            if os.fork() > 0:
                                os._exit(0)
                            os.setsid()
                        except OSError:
                            pass
                os._exit(0)
                """
        ),
        AbuseCase(
            name: "daemons are stopped, and stop each other",
            source: """
                import os, signal, time
                for _ in range(10):
                    if os.fork() == 0:
                        os.setsid()
                        os.kill(os.getpid(), signal.SIGSTOP)
                        time.sleep(60)
                time.sleep(0.1)
                os.kill(-1, signal.SIGSTOP)
                os._exit(0)
                """,
            endings: [.exit(0)]
        ),
        AbuseCase(
            name: "the first thread ends and another goes on",
            source: Attempts.prelude + """
                import threading
                threading.Thread(target=lambda: [time.sleep(0.1), os.write(1, b"on"), time.sleep(60)]).start()
                call(60, 0)
                """,
            limits: half,
            endings: [.wallTime],
            stdout: "on"
        ),
        AbuseCase(
            name: "a child of vfork holds its parent",
            source: Attempts.prelude + """
                print("held", flush=True)
                if libc.syscall(56, 0x4000 | 17, 0, 0, 0, 0) == 0:
                    time.sleep(60)
                """,
            limits: half,
            endings: [.wallTime],
            stdout: "held\n"
        ),
    ]

    /// Class 12.
    private static let clocks = [
        AbuseCase(
            name: "one process spins",
            source: "while True: pass",
            limits: .tight.with(cpu: .milliseconds(500)),
            endings: [.cpuTime],
            check: { result in
                let exit = try #require(result.report?.exit)
                #expect(exit.cpu >= .milliseconds(500))
                #expect(exit.cpu < .milliseconds(800))
            }
        ),
        AbuseCase(
            name: "30 processes spin",
            source: """
                import os
                for _ in range(29):
                    if os.fork() == 0:
                        break
                while True: pass
                """,
            limits: .tight.with(cpu: .seconds(1)),
            endings: [.cpuTime],
            check: { result in
                let exit = try #require(result.report?.exit)
                #expect(exit.cpu >= .seconds(1))
                #expect(exit.cpu < .seconds(2))
            }
        ),
        AbuseCase(
            name: "threads spin",
            source: """
                import hashlib, threading
                def spin():
                    data = bytes(1 << 20)
                    while True: hashlib.sha256(data)
                for _ in range(8):
                    threading.Thread(target=spin).start()
                """,
            limits: .tight.with(cpu: .milliseconds(500)),
            endings: [.cpuTime],
            check: { #expect($0.report.map { $0.exit.cpu >= .milliseconds(500) } == true) }
        ),
        AbuseCase(
            name: "grandchildren spin that nobody waits for",
            source: """
                import os, signal, time
                signal.signal(signal.SIGCHLD, signal.SIG_IGN)
                for _ in range(4):
                    if os.fork() == 0:
                        if os.fork() == 0:
                            while True: pass
                        os._exit(0)
                time.sleep(60)
                """,
            limits: .tight.with(cpu: .milliseconds(500)),
            endings: [.cpuTime],
            check: { #expect($0.report.map { $0.exit.cpu >= .milliseconds(500) } == true) }
        ),
        AbuseCase(
            name: "short-lived processes burn the time",
            source: """
                import os, signal, time
                signal.signal(signal.SIGCHLD, signal.SIG_IGN)
                while True:
                    try:
                        if os.fork() == 0:
                            end = time.monotonic() + 0.003
                            while time.monotonic() < end: pass
                            os._exit(0)
                    except OSError:
                        pass
                """,
            limits: .tight.with(cpu: .milliseconds(500)),
            endings: [.cpuTime]
        ),
        AbuseCase(
            name: "SIGXCPU is ignored and the limit raised",
            source: Attempts.prelude + """
                import resource
                signal.signal(signal.SIGXCPU, signal.SIG_IGN)
                try:
                    resource.setrlimit(resource.RLIMIT_CPU, (100, 100))
                    print("raised")
                except (ValueError, OSError):
                    print("refused", flush=True)
                while True: pass
                """,
            limits: .tight.with(cpu: .milliseconds(300)),
            endings: [.cpuTime],
            stdout: "refused\n"
        ),
        AbuseCase(
            name: "it sleeps for ever",
            source: "import time; time.sleep(1e6)",
            limits: half,
            endings: [.wallTime],
            check: endsInTime(.milliseconds(500), late)
        ),
        AbuseCase(
            name: "it blocks on a FIFO",
            source: "import os; os.mkfifo('/tmp/f'); os.open('/tmp/f', os.O_RDONLY)",
            limits: half,
            endings: [.wallTime],
            check: endsInTime(.milliseconds(500), late)
        ),
        AbuseCase(
            name: "it holds its own stdin open and waits for more",
            source: """
                import os
                writer = os.open("/proc/self/fd/0", os.O_WRONLY)
                print(os.read(0, 10), flush=True)
                os.read(0, 10)
                """,
            stdin: Array("given".utf8),
            limits: half,
            endings: [.wallTime],
            stdout: "b'given'\n",
            check: endsInTime(.milliseconds(500), late)
        ),
        AbuseCase(
            name: "it stops itself",
            source: "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
            limits: half,
            endings: [.wallTime],
            check: endsInTime(.milliseconds(500), late)
        ),
        AbuseCase(
            name: "it ignores every signal",
            source: """
                import signal, time
                for number in range(1, 65):
                    try:
                        signal.signal(number, signal.SIG_IGN)
                    except (OSError, ValueError):
                        pass
                signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
                while True:
                    time.sleep(1)
                """,
            limits: half,
            endings: [.wallTime],
            check: endsInTime(.milliseconds(500), late)
        ),
        AbuseCase(
            name: "30 processes spin until the wall limit",
            source: """
                import os
                for _ in range(29):
                    if os.fork() == 0:
                        os.setsid()
                        break
                while True: os.getppid()
                """,
            limits: .tight.with(wall: .seconds(1), cpu: .seconds(60)),
            endings: [.wallTime],
            check: endsInTime(.seconds(1), lateUnderLoad)
        ),
    ]

    /// Class 14.
    private static let exhaustion = [
        AbuseCase(
            name: "descriptors until there are no more",
            source: """
                import os
                opened = 0
                try:
                    while True:
                        os.open("/dev/null", os.O_RDONLY)
                        opened += 1
                except OSError as error:
                    os.write(1, f"{opened} {error.errno}\\n".encode())
                os._exit(0)
                """,
            stdout: "1021 24\n"
        ),
        AbuseCase(
            name: "every process has all the descriptors it can",
            source: """
                import os, time
                for _ in range(30):
                    if os.fork() == 0:
                        try:
                            while True: os.pipe()
                        except OSError:
                            os.write(1, b".")
                            time.sleep(60)
                while os.path.exists("/nowhere") or time.sleep(0.5): pass
                """,
            check: { #expect($0.text.count > 10) }
        ),
        AbuseCase(
            name: "inotify until there is no more",
            source: Attempts.prelude + """
                opened = 0
                while True:
                    file = libc.inotify_init()
                    if file < 0: break
                    opened += 1
                    libc.inotify_add_watch(file, b"/usr/lib", 0xfff)
                print(opened > 10)
                """,
            stdout: "True\n"
        ),
        AbuseCase(
            name: "epoll in epoll, eventfd, timerfd and signalfd until there are no more",
            source: Attempts.prelude + """
                import select
                held = [select.epoll()]
                failed = ""
                try:
                    while True:
                        held.append(select.epoll())
                        try:
                            held[-1].register(held[-2].fileno())
                        except OSError:
                            pass
                        for number, arguments in [(290, (0, 0)), (283, (1, 0)), (289, (-1, b"12345678", 8, 0))]:
                            if call(number, *arguments) == "EMFILE":
                                raise OSError(errno.EMFILE, "")
                except OSError as error:
                    print(errno.errorcode[error.errno], len(held) > 100, flush=True)
                os._exit(0)
                """,
            stdout: "EMFILE True\n"
        ),
        AbuseCase(
            name: "timers until there are no more",
            source: Attempts.prelude + """
                made, identifier = 0, ctypes.c_int()
                pointer = ctypes.addressof(identifier)
                while made < 20_000 and call(222, 1, 0, pointer) == "worked": made += 1
                spec = (ctypes.c_long * 4)(0, 1000, 0, 1000)
                signal.signal(signal.SIGALRM, signal.SIG_IGN)
                print(made > 100, call(223, 0, 0, spec, 0))
                """,
            stdout: "True worked\n"
        ),
        AbuseCase(
            name: "record locks without end",
            source: """
                import fcntl
                file = open("/tmp/locked", "w")
                for number in range(4_000):
                    fcntl.lockf(file, fcntl.LOCK_EX, 1, number * 2)
                print(number)
                """,
            endings: [.exit(0), .outOfMemory],
            stdout: "3999\n"
        ),
        AbuseCase(
            name: "sockets of every kind, with what nobody reads",
            source: """
                import socket
                held = []
                try:
                    while True:
                        end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                        end.bind(("127.0.0.1", 0))
                        end.setblocking(False)
                        end.sendto(bytes(1_000), end.getsockname())
                        held.append(end)
                except OSError as error:
                    print(error.errno, len(held) > 900)
                """,
            // Where the kernel does not count their memory, the sandbox does.
            endings: [.exit(0), .outOfMemory],
            check: { #expect($0.text.isEmpty || $0.text == "24 True\n") }
        ),
        AbuseCase(
            name: "signals queued until there is no more room",
            source: Attempts.prelude + """
                signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGRTMIN])
                info = (ctypes.c_int * 32)(signal.SIGRTMIN, 0, -1)
                queued = 0
                while queued < 300_000 and call(129, os.getpid(), signal.SIGRTMIN, info) == "worked":
                    queued += 1
                print(queued > 100)
                """,
            endings: [.exit(0), .cpuTime],
            check: { #expect($0.text.isEmpty || $0.text == "True\n") }
        ),
    ]

    /// Class 17.
    private static let ends = [
        AbuseCase(
            name: "recursion of Python's without end",
            source: "def f(): f()\nf()",
            endings: [.exit(1)],
            check: { #expect($0.errors.contains("RecursionError")) }
        ),
        AbuseCase(
            name: "recursion until the stack is full",
            source: """
                import sys, threading
                sys.setrecursionlimit(10 ** 9)
                class Deep:
                    def __repr__(self): return repr(self)
                repr(Deep())
                """,
            endings: [.signal(11)]
        ),
        AbuseCase(
            name: "a null pointer is read",
            source: "import ctypes; ctypes.string_at(0)",
            endings: [.signal(11)]
        ),
        AbuseCase(
            name: "a page behind the end of a file is read",
            source: """
                import mmap, os
                file = os.open("/tmp/file", os.O_CREAT | os.O_RDWR)
                os.ftruncate(file, 8192)
                data = mmap.mmap(file, 8192)
                os.ftruncate(file, 0)
                data[4096]
                """,
            endings: [.signal(7)]
        ),
        AbuseCase(
            name: "it aborts, with all that a core dump needs",
            source: Attempts.prelude + """
                import resource
                try:
                    resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, 1 << 20))
                    print("raised")
                except (ValueError, OSError):
                    print(resource.getrlimit(resource.RLIMIT_CORE), flush=True)
                libc.prctl(4, 1, 0, 0, 0)
                os.abort()
                """,
            endings: [.signal(6)],
            stdout: "(0, 0)\n",
            check: { #expect($0.files.isEmpty) }
        ),
        AbuseCase(
            name: "an exit code above 255",
            source: "import sys; sys.exit(256 + 7)",
            endings: [.exit(7)]
        ),
        AbuseCase(
            name: "it is interrupted",
            source: "raise KeyboardInterrupt",
            endings: [.signal(2)]
        ),
        AbuseCase(
            name: "it becomes another program, which ends",
            source: "import os; os.execv('/bin/sh', ['sh', '-c', 'echo shell; exit 9'])",
            endings: [.exit(9)],
            stdout: "shell\n"
        ),
        AbuseCase(
            name: "another thread becomes another program",
            source: """
                import os, threading, time
                threading.Thread(target=os.execv, args=("/bin/sh", ["sh", "-c", "exit 9"])).start()
                time.sleep(60)
                """,
            endings: [.exit(9)]
        ),
    ]

    /// Class 19.
    private static let manners = [
        AbuseCase(
            name: "it wants to be served first",
            source: Attempts.prelude + """
                parameter = (ctypes.c_int * 1)(10)
                attempt("nice", os.nice, -5)
                attempt("priority", os.setpriority, os.PRIO_USER, 0, -20)
                print("SCHED_FIFO", call(144, 0, 1, parameter))
                print("SCHED_RR", call(144, 0, 2, parameter))
                print("setparam", call(142, 0, parameter))
                print("setattr", call(314, 0, (ctypes.c_int * 14)(56, 6), 0))
                print("ioprio", call(251, 1, 0, 1 << 13))
                """,
            check: {
                #expect(!$0.text.contains("worked"))
                #expect($0.text.split(separator: "\n").count == 7)
                #expect($0.text.contains("SCHED_FIFO EPERM\nSCHED_RR EPERM\n"))
            }
        ),
        AbuseCase(
            name: "it binds itself to one processor and is as nice as it can be",
            source: """
                import os, time
                os.sched_setaffinity(0, {0})
                os.setpriority(os.PRIO_USER, 0, 19)
                for _ in range(20):
                    if os.fork() == 0:
                        while True: pass
                time.sleep(0.3)
                print(os.getpriority(os.PRIO_PROCESS, 0), os.sched_getaffinity(0))
                """,
            stdout: "19 {0}\n"
        ),
        AbuseCase(
            name: "files are synchronised without end",
            source: """
                import os, time
                file = os.open("/tmp/file", os.O_CREAT | os.O_RDWR)
                usr = os.open("/usr/bin/python3", os.O_RDONLY)
                end, count = time.monotonic() + 0.3, 0
                while time.monotonic() < end:
                    os.write(file, b"x")
                    os.fsync(file)
                    os.fsync(usr)
                    os.fdatasync(file)
                    count += 1
                print(count > 100)
                """,
            stdout: "True\n"
        ),
        AbuseCase(
            name: "every option of prctl is tried",
            source: Attempts.prelude + """
                skipped = {1, 22, 26, 59}  # those that end the program, or answer for the kernel
                for option in [*range(0, 80), 0x59616d61, 0x53564d41, 0x6d6d6170]:
                    for value in [0, 1, 2, 9] if option not in skipped else []:
                        call(157, option, value, 0, 0, 0)
                print("tried")
                """,
            check: { #expect($0.text == "tried\n") }
        ),
    ]
}
