import SandboxFixture
import SandmillEntity
import SandmillService
import Testing

extension Abuse {
    /// Class 23: what programs leave for the next one to find.
    @Suite(.bench()) struct Remainders {
        @Test(arguments: cases)
        func nothingIsLeft(abuse: AbuseCase) async throws {
            try await Bench.current.run(abuse)
        }
    }
}

extension Abuse.Remainders {
    private static let cases = [
        AbuseCase(
            name: "builtins, modules and hooks are replaced",
            source: """
                import atexit, builtins, gc, json, os, sys, threading, time
                builtins.print = builtins.open = builtins.__import__ = None
                builtins.evil = json.evil = os.evil = True
                json.dumps = os.listdir = time.time = None
                sys.modules["hashlib"] = None
                sys.path.insert(0, "/tmp")
                sys.meta_path.clear()
                sys.excepthook = sys.settrace = None
                sys.setrecursionlimit(77)
                sys.setswitchinterval(5)
                gc.set_threshold(1, 1, 1)
                gc.callbacks.append(lambda *_: None)
                threading.stack_size(1 << 20)
                del sys.modules["os"]
                os.write(1, b"replaced")
                os._exit(0)
                """,
            stdout: "replaced"
        ),
        AbuseCase(
            name: "code of the library is changed in place",
            source: """
                import ctypes, json, os
                address = id(json.dumps.__code__)
                with open("/proc/self/mem", "r+b", 0) as memory:
                    memory.seek(address + 16)
                    memory.write(bytes(64))
                    memory.seek(id(None) + 16)
                ctypes.memset(id(1), 0x41, 8)
                os.write(1, b"changed")
                os._exit(0)
                """,
            stdout: "changed"
        ),
        AbuseCase(
            name: "limits, mask, directory, signals, locale and timers are changed",
            source: """
                import locale, os, resource, signal, time
                os.mkdir("/tmp/d")
                os.chdir("/tmp/d")
                os.umask(0o777)
                for name in vars(resource):
                    if name.startswith("RLIMIT_") and name not in ("RLIMIT_CPU", "RLIMIT_STACK", "RLIMIT_AS"):
                        resource.setrlimit(getattr(resource, name), (0, 0))
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
                signal.setitimer(signal.ITIMER_REAL, 100)
                signal.alarm(100)
                os.environ["TZ"] = "EVIL-5"
                os.environ["LD_PRELOAD"] = "/tmp/evil.so"
                time.tzset()
                try: locale.setlocale(locale.LC_ALL, "tr_TR.UTF-8")
                except locale.Error: pass
                os.nice(5)
                os.write(1, b"changed")
                os._exit(0)
                """,
            stdout: "changed"
        ),
        AbuseCase(
            name: "System V and POSIX objects are made",
            source: Attempts.prelude + """
                import mmap
                from multiprocessing import shared_memory
                print(call(29, 1, 4096, 0o1666), call(64, 1, 1, 0o1666), call(68, 1, 0o1666), call(240, b"q", 0o102, 0o666, 0))
                attempt("mqueue", os.open, "/dev/mqueue/q", os.O_CREAT | os.O_RDWR)
                memory = shared_memory.SharedMemory("left", create=True, size=4096)
                libc.sem_open.restype = ctypes.c_void_p
                semaphore = ctypes.CDLL(None).sem_open(b"/left", os.O_CREAT, 0o666, 1)
                print(sorted(os.listdir("/dev/shm")), flush=True)
                os._exit(0)
                """,
            check: {
                #expect($0.text.hasPrefix("EPERM EPERM EPERM EPERM\nmqueue E"), "\($0.text)")
                #expect($0.text.hasSuffix("['left', 'sem.left']\n"))
            }
        ),
        AbuseCase(
            name: "a keyring is filled",
            source: Attempts.prelude + """
                print({call(248, b"user", b"left", b"x", 1, -ring) for ring in range(1, 9)})
                print(call(250, 1, b"left"), call(249, b"user", b"left", 0, -3))
                """,
            stdout: "{'EPERM'}\nEPERM EPERM\n"
        ),
        AbuseCase(
            name: "sockets with names, abstract names and ports are left",
            source: """
                import os, socket
                held = []
                for address in ["/tmp/named", "\\0abstract"]:
                    held.append(socket.socket(socket.AF_UNIX))
                    held[-1].bind(address)
                    held[-1].listen()
                for family, host in [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]:
                    server = socket.create_server((host, 7777), family=family)
                    client = socket.create_connection((host, 7777))
                    held += [server, client, server.accept()[0]]
                    held.append(socket.socket(family, socket.SOCK_DGRAM))
                    held[-1].bind((host, 7777))
                print(len(held), flush=True)
                if os.fork() == 0:
                    os.setsid()
                    os.pause() if hasattr(os, "pause") else __import__("time").sleep(60)
                os._exit(0)
                """,
            stdout: "10\n"
        ),
        AbuseCase(
            name: "connections are left in every state",
            source: """
                import os, socket
                server = socket.create_server(("127.0.0.1", 0), backlog=50)
                held = [server]
                def fill(end):
                    end.setblocking(False)
                    try:
                        while True: end.send(bytes(65536))
                    except (BlockingIOError, OSError):
                        pass
                for number in range(20):
                    client = socket.create_connection(server.getsockname())
                    held.append(client)
                    if number % 2:
                        peer, _ = server.accept()
                        held.append(peer)
                    if number % 3 == 0: fill(client)
                    if number % 5 == 0: client.shutdown(socket.SHUT_WR)
                    if number % 7 == 0: client.close()
                    if number % 4 == 0:
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\\1\\0\\0\\0\\x78\\0\\0\\0") if number % 7 else None
                loop = socket.socket()
                loop.bind(("127.0.0.1", 0))
                loop.connect(loop.getsockname())
                fill(loop)
                half = socket.socket()
                half.setblocking(False)
                try: half.connect(server.getsockname())
                except BlockingIOError: pass
                print("left", flush=True)
                os._exit(0)
                """,
            stdout: "left\n"
        ),
        AbuseCase(
            name: "two processes hold a connection and end in turn",
            source: """
                import os, socket
                server = socket.create_server(("127.0.0.1", 0))
                if os.fork() == 0:
                    while True:
                        try:
                            client = socket.create_connection(server.getsockname())
                            client.setblocking(False)
                            while True: client.send(bytes(65536))
                        except OSError:
                            pass
                for number in range(50):
                    peer, _ = server.accept()
                    peer.setblocking(False)
                    try:
                        while True: peer.send(bytes(65536))
                    except OSError:
                        pass
                    if number % 2: peer.close()
                    else: peer.detach()
                print("left", flush=True)
                os._exit(0)
                """,
            stdout: "left\n"
        ),
        AbuseCase(
            name: "sockets in flight outlive the processes that had them",
            source: """
                import array, os, socket
                server = socket.create_server(("127.0.0.1", 7777))
                client = socket.create_connection(("127.0.0.1", 7777))
                named = socket.socket(socket.AF_UNIX)
                named.bind("\\0left")
                named.listen()
                datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                datagrams.bind(("127.0.0.1", 7777))
                pair = socket.socketpair()
                held = [*pair, server, client, named, datagrams]
                rights = array.array("i", [end.fileno() for end in held])
                for end in pair:
                    end.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
                print("sent")
                """,
            stdout: "sent\n",
            knownIssue: "The kernel frees them later, and the reset does not wait for it."
        ),
        AbuseCase(
            name: "modules, caches and start-up files are planted",
            source: """
                import os
                names = ["json.py", "os.py", "sitecustomize.py", "usercustomize.py", "main.pyc", ".pythonrc", ".profile"]
                for place in ["/work", "/tmp", "/dev/shm"]:
                    for name in names: open(f"{place}/{name}", "w").write("raise SystemExit(9)")
                    os.makedirs(f"{place}/.local/lib/python3.11/site-packages")
                    open(f"{place}/.local/lib/python3.11/site-packages/evil.pth", "w").write("import sys; sys.exit(9)")
                    os.makedirs(f"{place}/__pycache__")
                print("planted")
                """,
            limits: .tight.with(outputFiles: 3),
            stdout: "planted\n"
        ),
        AbuseCase(
            name: "the program's end is slowed, and never comes",
            source: """
                import atexit, threading, time
                class Slow:
                    def __del__(self): time.sleep(60)
                slow = Slow()
                atexit.register(time.sleep, 60)
                threading.Thread(target=time.sleep, args=(60,)).start()
                print("ending", flush=True)
                """,
            limits: .tight.with(wall: .milliseconds(500)),
            endings: [.wallTime],
            stdout: "ending\n"
        ),
        AbuseCase(
            name: "a million small mappings and descriptors are left to be taken down",
            source: """
                import mmap, os, time
                for _ in range(10):
                    if os.fork() == 0:
                        held = []
                        try:
                            while len(held) < 20_000: held.append(mmap.mmap(-1, 4096, prot=1 + len(held) % 2 * 2))
                        except OSError:
                            pass
                        time.sleep(60)
                time.sleep(0.5)
                os._exit(0)
                """,
            endings: [.exit(0), .outOfMemory]
        ),
    ]
}
