import SandboxFixture
import SandmillEntity
import SandmillService
import Testing

extension Abuse {
    /// Classes 20 to 22, 24 and 25: ways out of a sandbox, and to what is the agent's.
    @Suite(.bench()) struct Isolation {
        @Test(arguments: network + secrets + agent + kernel + environment)
        func wallsHold(abuse: AbuseCase) async throws {
            try await Bench.current.run(abuse)
        }
    }
}

extension Abuse.Isolation {
    /// Class 20.
    private static let network = [
        AbuseCase(
            name: "connections to the outside",
            source: Attempts.prelude + """
                import socket
                print(socket.if_nameindex())
                for host, port in [("8.8.8.8", 53), ("169.254.169.254", 80), ("172.17.0.1", 2375),
                                   ("10.0.0.1", 22), ("192.168.0.1", 443), ("100.100.100.200", 80)]:
                    for kind in [socket.SOCK_STREAM, socket.SOCK_DGRAM]:
                        end = socket.socket(socket.AF_INET, kind)
                        attempt(host, end.connect, (host, port))
                for host in ["fd00:ec2::254", "2001:4860:4860::8888"]:
                    end = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
                    attempt(host, end.connect, (host, 80))
                """,
            check: { result in
                let lines = result.text.split(separator: "\n")
                #expect(lines.first == "[(1, 'lo')]")
                #expect(lines.count == 15)
                let unreachable = lines.dropFirst().allSatisfy {
                    $0.hasSuffix("ENETUNREACH") || $0.hasSuffix("EADDRNOTAVAIL")
                }
                #expect(unreachable, "\(result.text)")
            }
        ),
        AbuseCase(
            name: "servers of the host are sought on the loopback device",
            source: Attempts.prelude + """
                import socket
                for port in [22, 80, 443, 2375, 2376, 5432, 5671, 5672, 6379, 8080, 15672]:
                    for host in ["127.0.0.1", "0.0.0.0", "127.1.2.3"]:
                        end = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
                        attempt(port, end.connect, (host, port))
                """,
            check: { result in
                let lines = result.text.split(separator: "\n")
                #expect(lines.count == 33)
                #expect(lines.allSatisfy { $0.hasSuffix("ECONNREFUSED") }, "\(result.text)")
            }
        ),
        AbuseCase(
            name: "names are resolved",
            source: """
                import socket
                for name in ["example.com", "metadata.google.internal", "host.docker.internal"]:
                    try:
                        print(socket.getaddrinfo(name, 80))
                    except socket.gaierror as error:
                        print("no", name)
                """,
            stdout: "no example.com\nno metadata.google.internal\nno host.docker.internal\n"
        ),
        AbuseCase(
            name: "sockets of every family, type and protocol",
            source: Attempts.prelude + """
                allowed = set()
                for family in range(46):
                    for kind in range(1, 11):
                        for protocol in [0, 2, 6, 17, 33, 58, 103, 115, 132, 136, 255, 256, 262, *([1] if family > 1 else [])]:
                            result = libc.syscall(41, family, kind, protocol)
                            if result >= 0:
                                os.close(result)
                                allowed.add((family, kind, protocol))
                print(sorted(allowed))
                """,
            stdout: """
                [(1, 1, 0), (1, 2, 0), (1, 3, 0), (1, 5, 0), (2, 1, 0), (2, 1, 6), (2, 2, 0), \
                (2, 2, 17), (10, 1, 0), (10, 1, 6), (10, 2, 0), (10, 2, 17), (16, 2, 0), (16, 3, 0)]

                """
        ),
        AbuseCase(
            name: "sockets of the engine and of other servers",
            source: Attempts.prelude + """
                import socket
                for path in ["/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock",
                             "/var/run/postgresql/.s.PGSQL.5432", "/tmp/.s.PGSQL.5432",
                             "/run/dbus/system_bus_socket", "\\0/tmp/dbus-x", "\\0containerd-shim", "\\0x"]:
                    end = socket.socket(socket.AF_UNIX)
                    attempt(repr(path), end.connect, path)
                print(len(open("/proc/net/unix").readlines()) < 20)
                """,
            check: { result in
                let lines = result.text.split(separator: "\n")
                #expect(lines.count == 10)
                #expect(!result.text.contains("worked"))
                #expect(lines.last == "True")
            }
        ),
        AbuseCase(
            name: "the network is configured",
            source: Attempts.prelude + """
                import fcntl, socket, struct
                end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                for request in [0x8914, 0x8916, 0x8924, 0x890B, 0x8946, 0x8B00, 0x400454CA]:
                    attempt(hex(request), fcntl.ioctl, end, request, struct.pack("16sH22x", b"lo", 0))
                for option in [(1, 25), (1, 36), (0, 19), (6, 19), (0, 64), (41, 64), (1, 33)]:
                    attempt(option, end.setsockopt, *option, b"eth0" + bytes(60))
                netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
                netlink.bind((0, 0))
                message = struct.pack("=IHHIIBxHiII", 32, 16, 5, 1, 0, 0, 0, 1, 0, 1)
                netlink.send(message)
                print("newlink", struct.unpack("=i", netlink.recv(100)[16:20])[0])
                """,
            check: { result in
                #expect(result.text.hasSuffix("newlink -1\n"), "\(result.text)")
                #expect(!result.text.contains("worked"))
            }
        ),
    ]

    /// Class 21.
    private static let secrets = [
        AbuseCase(
            name: "the environment and descriptors are read",
            source: """
                import os
                print(sorted(os.environ.items()))
                start = open("/proc/self/environ", "rb").read().split(b"\\0")
                # It is how the interpreter is linked, and no program's.
                print({part.split(b"=")[0] for part in start if part} - set(os.environb) <= {b"LD_BIND_NOW"})
                print(sorted(os.listdir("/proc/self/fd"))[:3], [os.readlink(f"/proc/self/fd/{n}").split(":")[0] for n in range(3)])
                """,
            stdout: """
                [('HOME', '/tmp'), ('LANG', 'C.UTF-8'), ('LOGNAME', 'sandbox'), \
                ('PATH', '/usr/local/bin:/usr/bin:/bin'), ('USER', 'sandbox')]
                True
                ['0', '1', '2'] ['pipe', 'pipe', 'pipe']

                """
        ),
        AbuseCase(
            name: "the files of every other process are read",
            source: Attempts.prelude + """
                own = os.getpid()
                for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
                    if pid == own: continue
                    for name in ["environ", "mem", "maps", "smaps", "auxv", "io", "syscall", "stack", "pagemap", "timers"]:
                        try:
                            with open(f"/proc/{pid}/{name}", "rb") as file:
                                file.read(64)
                            print(pid, name, "worked")
                        except OSError as error:
                            pass
                    for name in ["cwd", "root", "exe", "fd/0", "fd/1", "fd/3", "ns/net", "ns/pid"]:
                        try:
                            os.readlink(f"/proc/{pid}/{name}")
                            print(pid, name, "worked")
                        except OSError:
                            pass
                print("tried")
                """,
            stdout: "tried\n"
        ),
        AbuseCase(
            name: "command lines are searched for secrets",
            source: """
                import os, re
                text = ""
                for pid in os.listdir("/proc"):
                    if pid.isdigit():
                        for name in ["cmdline", "comm"]:
                            text += open(f"/proc/{pid}/{name}").read().replace("\\0", " ")
                print(re.findall(r"[0-9a-f]{8}-[0-9a-f]{4}|amqp|postgres|password|token=|secret", text))
                print("sandbox-agent" in text)
                """,
            stdout: "[]\nTrue\n"
        ),
    ]

    /// Class 22.
    private static let agent = [
        AbuseCase(
            name: "every other process is signalled",
            source: Attempts.prelude + """
                own = os.getpid()
                others = [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != own]
                worked = []
                for pid in others:
                    for number in [0, *range(1, 65)]:
                        for what, try_it in [
                            ("kill", lambda: os.kill(pid, number)),
                            # To group 1 would be to all, as below.
                            ("group", lambda: os.killpg(pid if pid > 1 else own + 1, number)),
                            ("pidfd", lambda: signal.pidfd_send_signal(os.pidfd_open(pid), number)),
                        ]:
                            try:
                                try_it()
                                worked.append((what, pid, number))
                            except OSError:
                                pass
                    worked += [number for number in (200, 234) if call(number, pid, 9) == "worked"]
                print(len(others) >= 2, worked)
                for number in range(1, 65):
                    if number not in (9, 19):
                        try: signal.signal(number, signal.SIG_IGN)
                        except (OSError, ValueError): pass
                attempt("all", os.kill, -1, signal.SIGTERM)
                """,
            check: {
                #expect($0.text.hasPrefix("True []\n"), "\($0.text)")
            }
        ),
        AbuseCase(
            name: "every process is stopped",
            source: "import os; os.kill(-1, 19); os.kill(os.getpid(), 19)",
            limits: .tight.with(wall: .milliseconds(500)),
            endings: [.wallTime]
        ),
        AbuseCase(
            name: "a stopped process orphans the agent's process group",
            source: Attempts.prelude + """
                groups = {1, *(int(name) for name in os.listdir("/proc") if name.isdigit())}
                groups -= {os.getpid()}
                for group in sorted(groups):
                    pid = os.fork()
                    if pid == 0:
                        try:
                            os.setpgid(0, group)
                            print("joined", group, flush=True)
                        except OSError as error:
                            print(errno.errorcode[error.errno], flush=True)
                        if os.fork() == 0:
                            os.kill(os.getpid(), signal.SIGSTOP)
                            os._exit(0)
                        time.sleep(0.05)
                        os._exit(0)
                    os.waitpid(pid, 0)
                """,
            check: { result in
                let lines = result.text.split(separator: "\n")
                #expect(lines.count >= 2)
                #expect(lines.allSatisfy { $0 == "EPERM" }, "\(result.text)")
            }
        ),
        AbuseCase(
            name: "the agent is traced, and its memory, limits and rank are changed",
            source: Attempts.prelude + """
                for pid in [1, *[int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) not in (1, os.getpid())]]:
                    for name, number, arguments in [
                        ("ptrace attach", 101, (16, pid, 0, 0)), ("ptrace seize", 101, (0x4206, pid, 0, 0)),
                        ("readv", 310, (pid, 0, 0, 0, 0, 0)), ("writev", 311, (pid, 0, 0, 0, 0, 0)),
                        ("prlimit", 302, (pid, 7, (ctypes.c_ulong * 2)(0, 0), 0)),
                        ("affinity", 203, (pid, 8, (ctypes.c_ulong * 1)(1))),
                        ("priority", 141, (0, pid, 19)), ("priority of the group", 141, (1, pid, 19)),
                        ("scheduler", 144, (pid, 3, (ctypes.c_int * 1)(0))),
                        ("setpgid", 109, (pid, 0)), ("kcmp", 312, (pid, os.getpid(), 0, 0, 0)),
                        ("move_pages", 279, (pid, 0, 0, 0, 0, 0)), ("migrate_pages", 256, (pid, 0, 0, 0)),
                        ("madvise", 440, (pid, 0, 0, 0, 0)), ("mrelease", 448, (pid, 0)),
                    ]:
                        outcome = call(number, *arguments)
                        if outcome not in ("EPERM", "ESRCH", "EACCES", "ENOSYS"): print(pid, name, outcome)
                    for name in ["mem", "oom_score_adj", "coredump_filter", "comm", "clear_refs", "timerslack_ns",
                                 "autogroup", "attr/current", "uid_map", "setgroups", "fd/0", "fd/1", "fd/2", "fd/3", "fd/4"]:
                        try:
                            os.write(os.open(f"/proc/{pid}/{name}", os.O_WRONLY), b"1")
                            print(pid, name, "written")
                        except OSError:
                            pass
                print("tried")
                """,
            stdout: "tried\n"
        ),
        AbuseCase(
            name: "the moment in which the agent takes the program's user is waited for",
            source: Attempts.prelude + """
                mask = (ctypes.c_ulong * 1)(1)
                limit = (ctypes.c_ulong * 2)(0, 0)
                for _ in range(8):
                    if os.fork() == 0:
                        os.setsid()
                        while True:
                            libc.syscall(203, 1, 8, mask)
                            libc.syscall(141, 0, 1, 19)
                            libc.syscall(302, 1, 7, limit, 0)
                            libc.syscall(62, 1, 19)
                time.sleep(0.1)
                os._exit(0)
                """
        ),
        AbuseCase(
            name: "descriptors of the agent are sought",
            source: Attempts.prelude + """
                import fcntl
                for number in range(3, 1024):
                    try:
                        fcntl.fcntl(number, fcntl.F_GETFD)
                        print(number, "is open")
                    except OSError:
                        pass
                for path in ["/proc/1/fd/0", "/proc/1/fd/1", "/proc/1/fd/2", "/dev/console", "/dev/tty", "/dev/pts/0"]:
                    attempt(path, os.open, path, os.O_WRONLY)
                """,
            check: { result in
                #expect(!result.text.contains("open"))
                #expect(!result.text.contains("worked"))
                #expect(result.text.split(separator: "\n").count == 6)
            }
        ),
        AbuseCase(
            name: "a terminal is opened, and text typed into it",
            source: Attempts.prelude + """
                import fcntl
                attempt("ptmx", os.open, "/dev/ptmx", os.O_RDWR)
                attempt("pty", os.openpty)
                for request in [0x5412, 0x540E, 0x5437, 0x541C, 0x5422]:
                    for number in range(3):
                        try:
                            fcntl.ioctl(number, request, b"x")
                            print(hex(request), "worked")
                        except OSError:
                            pass
                """,
            stdout: "ptmx EACCES\npty EACCES\n"
        ),
    ]

    /// Class 24.
    private static let kernel = [
        AbuseCase(
            name: "namespaces are made and mounts changed",
            source: Attempts.prelude + """
                flags = [0x80, 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000]
                outcomes = {call(272, flag) for flag in flags}
                outcomes |= {call(56, flag | 17, 0, 0, 0, 0) for flag in flags[1:]}
                outcomes |= {call(308, os.open("/proc/self/ns/net", os.O_RDONLY), flag) for flag in flags}
                for number in [165, 166, 155, 161, 428, 429, 430, 431, 432, 433, 442]:
                    outcomes.add(call(number, b"none", b"/tmp", b"tmpfs", 0, 0))
                print(outcomes, call(435, 0, 0))
                """,
            stdout: "{'EPERM'} ENOSYS\n"
        ),
        AbuseCase(
            name: "every system call of the kernel is tried that no program needs",
            source: Attempts.prelude + """
                refused = dict(
                    bpf=321, perf_event_open=298, io_uring_setup=425, io_uring_enter=426, io_uring_register=427,
                    add_key=248, request_key=249, keyctl=250, userfaultfd=323, kexec_load=246, kexec_file=320,
                    init_module=175, finit_module=313, delete_module=176, reboot=169, swapon=167, swapoff=168,
                    acct=163, syslog=103, quotactl=179, iopl=172, ioperm=173, lookup_dcookie=212, vhangup=153,
                    shmget=29, semget=64, msgget=68, mq_open=240, name_to_handle_at=303, open_by_handle_at=304,
                    memfd_secret=447, vmsplice=278, ptrace=101, pidfd_getfd=438, fanotify_init=300, sync=162,
                    syncfs=306, sethostname=170, setdomainname=171, settimeofday=164, adjtimex=159,
                    clock_adjtime=305, seccomp=317, modify_ldt=154, uselib=134, ustat=136, sysfs=139,
                    nfsservctl=180, mbind=237, set_mempolicy=238, io_setup=206, remap_file_pages=216,
                    capset=126, restart_nothing=600, mseal=462, set_mempolicy_home=450, cachestat=451,
                )
                print({name: outcome for name, number in refused.items()
                       if (outcome := call(number, 0, 0, 0, 0, 0)) not in ("EPERM", "ENOSYS")})
                """,
            stdout: "{}\n"
        ),
        AbuseCase(
            name: "pages are offered for merging with those of others",
            // MADV_MERGEABLE, and PR_SET_MEMORY_MERGE for all pages.
            source: Attempts.prelude + """
                print(call(28, 0, 4096, 12), call(157, 67, 1, 0, 0, 0))
                """,
            stdout: "EPERM EPERM\n"
        ),
        AbuseCase(
            name: "the kernel's files are written",
            source: """
                import os
                written = []
                paths = ["/proc/sysrq-trigger", "/proc/acpi/x", "/dev/kmsg", "/dev/mem", "/dev/sda",
                         "/dev/vda", "/dev/fuse", "/dev/kvm", "/dev/net/tun", "/dev/loop0", "/proc/kcore", "/proc/kmsg"]
                for top in ["/proc/sys", "/sys/fs/cgroup", "/sys/kernel", "/sys/module", "/proc/irq", "/proc/fs"]:
                    for directory, _, files in os.walk(top):
                        paths += [os.path.join(directory, name) for name in files]
                for path in paths:
                    try:
                        os.close(os.open(path, os.O_WRONLY))
                        written.append(path)
                    except OSError:
                        pass
                print(len(paths) > 500, written)
                """,
            stdout: "True []\n"
        ),
        AbuseCase(
            name: "control groups are made, left and released",
            source: Attempts.prelude + """
                root = "/sys/fs/cgroup"
                for controller in ["memory", "pids", "cpu", ""]:
                    try:
                        os.mkdir(f"{root}/{controller}/escape")
                        print("made")
                    except OSError:
                        pass
                    for name in ["release_agent", "cgroup.procs", "tasks", "notify_on_release", "memory.limit_in_bytes", "memory.max", "pids.max"]:
                        try:
                            with open(f"{root}/{controller}/{name}", "w") as file: file.write("0")
                            print("wrote", controller, name)
                        except OSError:
                            pass
                print(os.path.isdir(root))
                """,
            stdout: "True\n"
        ),
        AbuseCase(
            name: "a system call is made by the 32-bit gate",
            source: machineCode("b8 14 00 00 00 cd 80 c3"),
            endings: [.signal(31), .signal(11)],
            stdout: "calling\n"
        ),
        AbuseCase(
            name: "a system call is made by the x32 numbers",
            source: machineCode("b8 27 00 00 40 0f 05 c3"),
            endings: [.exit(0), .signal(31)],
            check: {
                #expect(
                    ["calling\n-38\n", "calling\n-1\n", "calling\n"].contains($0.text),
                    "\($0.text)"
                )
            }
        ),
        AbuseCase(
            name: "privileged instructions are executed",
            source: """
                import ctypes, mmap, os
                for code in ["f4 c3", "fa c3", "0f 01 d0 c3", "0f 30 c3", "0f 20 c0 c3", "e4 60 c3", "cd 03 c3"]:
                    if os.fork() == 0:
                        page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
                        page.write(bytes.fromhex(code))
                        address = ctypes.addressof(ctypes.c_char.from_buffer(page))
                        ctypes.CFUNCTYPE(ctypes.c_long)(address)()
                        os._exit(0)
                    print(os.WTERMSIG(os.wait()[1]), end=" ")
                """,
            check: { result in
                let signals = result.text.split(separator: " ")
                #expect(signals.count == 7)
                #expect(signals.first == "11")
                #expect(signals[3] == "11")
            }
        ),
        AbuseCase(
            name: "a filter of its own answers its system calls",
            source: Attempts.prelude + """
                # Every getppid succeeds with what the filter says: it is only the program that is fooled.
                rules = [(0x20, 0, 0, 0), (0x15, 0, 1, 110), (0x06, 0, 0, 0x00050000 | 7), (0x06, 0, 0, 0x7fff0000)]
                import struct
                code = b"".join(struct.pack("HBBI", *rule) for rule in rules)
                held = ctypes.create_string_buffer(code)
                program = struct.pack("H6xQ", len(rules), ctypes.addressof(held))
                print(libc.prctl(22, 2, program, 0, 0), call(110), flush=True)
                if os.fork() == 0:
                    os.setsid()
                    time.sleep(60)
                """,
            check: { #expect($0.text.hasPrefix("0 E") || $0.text.hasPrefix("-1 ")) }
        ),
        AbuseCase(
            name: "privileges are sought in the image",
            source: """
                import os, stat
                found, tried = [], 0
                for directory, _, files in os.walk("/"):
                    if directory.startswith(("/proc", "/sys")): continue
                    for name in files:
                        path = os.path.join(directory, name)
                        status = os.lstat(path)
                        tried += 1
                        if stat.S_ISREG(status.st_mode) and status.st_mode & 0o6000: found.append(path)
                        if stat.S_ISREG(status.st_mode) and os.access(path, os.W_OK) and not path.startswith("/work"): found.append(path)
                        if stat.S_ISREG(status.st_mode) and "security.capability" in os.listxattr(path, follow_symlinks=False): found.append(path)
                print(tried > 1_000, found)
                try:
                    os.setuid(0)
                    print("root")
                except PermissionError:
                    print("refused")
                """,
            stdout: "True []\nrefused\n"
        ),
        AbuseCase(
            name: "the image is changed through memory that is mapped from it",
            source: Attempts.prelude + """
                import json, mmap
                with open(json.__file__, "rb") as file:
                    before = file.read()
                    data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
                    address = ctypes.addressof(ctypes.c_char.from_buffer(data))
                    ctypes.memmove(address, b"evil", 4)
                    print(data[:4], open(json.__file__, "rb").read() == before)
                    try:
                        address = next(int(line.split("-")[0], 16) for line in open("/proc/self/maps")
                                       if "/libc.so" in line and "r-xp" in line)
                        with open("/proc/self/mem", "r+b", 0) as memory:
                            memory.seek(address)
                            memory.write(b"evil")
                    except OSError:
                        pass
                attempt("write", os.open, json.__file__, os.O_RDWR)
                attempt("shared", lambda: os.truncate(json.__file__, 0))
                """,
            stdout: "b'evil' True\nwrite EACCES\nshared EACCES\n"
        ),
    ]

    /// A program that jumps to these bytes and prints what they return.
    private static func machineCode(_ bytes: String) -> String {
        """
        import ctypes, mmap
        page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        page.write(bytes.fromhex("\(bytes)"))
        address = ctypes.addressof(ctypes.c_char.from_buffer(page))
        print("calling", flush=True)
        print(ctypes.CFUNCTYPE(ctypes.c_long)(address)())
        """
    }

    /// Class 25.
    private static let environment = [
        AbuseCase(
            name: "LD_PRELOAD, LD_AUDIT and LD_LIBRARY_PATH",
            source: "import os; print(os.environ['LD_PRELOAD'], os.getuid() > 0)",
            environment: [
                "LD_PRELOAD": "/work/evil.so", "LD_AUDIT": "/work/evil.so",
                "LD_LIBRARY_PATH": "/work", "GCONV_PATH": "/work", "MALLOC_CHECK_": "3",
            ],
            stdout: "/work/evil.so True\n"
        ),
        AbuseCase(
            name: "PYTHONPATH and PYTHONSTARTUP, and modules that shadow the library's",
            source: "import json, sys; print(json.evil, '/work/lib' in sys.path)",
            files: [
                Program.InputFile(path: "lib/json.py", content: Array("evil = True".utf8)),
                Program.InputFile(path: "lib/os.py", content: Array("evil = True".utf8)),
                Program.InputFile(path: "lib/sitecustomize.py", content: Array("x = 1".utf8)),
            ],
            environment: ["PYTHONPATH": "/work/lib", "PYTHONSTARTUP": "/work/main.py"],
            check: { #expect($0.text == "True True\n" || $0.report?.exit.status == .code(1)) }
        ),
        AbuseCase(
            name: "PYTHONHOME leads nowhere",
            source: "print('not reached')",
            environment: ["PYTHONHOME": "/nowhere"],
            endings: [.exit(1)],
            stdout: ""
        ),
        AbuseCase(
            name: "PATH, HOME, TZ, LANG and the names of our own",
            source: """
                import os, time
                print(os.environ["PATH"], os.environ["HOME"], time.tzname[0], os.environ["SANDMILL_ENGINE_URL"])
                os.environ["PATH"] = "/work"
                os.putenv("HOME", "/nowhere")
                """,
            environment: [
                "PATH": "/work:/tmp", "HOME": "/tmp", "TZ": "EVIL-5", "LANG": "tr_TR",
                "SANDMILL_ENGINE_URL": "evil", "DOCKER_HOST": "evil", "X": "a\nb",
            ],
            stdout: "/work:/tmp /tmp EVIL evil\n"
        ),
        AbuseCase(
            name: "a time zone in a device, and one that never ends",
            source: "import time; print(len(time.tzname))",
            environment: ["TZ": ":/dev/zero"],
            stdout: "2\n"
        ),
        AbuseCase(
            name: "arguments with options, quotes and newlines",
            source: "import sys; print(sys.argv[1:])",
            arguments: ["-c", "print(1)", "--", "$(id)", "`id`", "a\nb", "", "'\"", "-"],
            stdout: #"['-c', 'print(1)', '--', '$(id)', '`id`', 'a\nb', '', '\'"', '-']"# + "\n"
        ),
    ]
}
