/// The innocent program that runs after each hostile one and says all that it finds.
///
/// What it says in a sandbox in which nothing hostile has run is what it must say ever after.
enum Witness {
    /// Its source.
    ///
    /// What differs from one program to the next on purpose, such as its user and its pid, is left
    /// out.
    static let source = #"""
        import builtins, gc, hashlib, json, marshal, os, resource, signal, sys, threading, time

        def lines(path):
            with open(path) as file:
                return file.read().splitlines()

        def tell(what, found):
            print(what, found)

        # Places: what is there, whose they are, and how much room they have.
        for place in ["/work", "/tmp", "/dev/shm", "/dev/mqueue"]:
            status = os.stat(place)
            tell(place, sorted(os.listdir(place)))
            tell(place, [oct(status.st_mode), status.st_uid, status.st_gid, status.st_nlink])
            tell(place, os.listxattr(place))
            room = os.statvfs(place)
            tell(place, [room.f_blocks, room.f_bfree, room.f_files, room.f_ffree])
        tell("/dev", sorted(os.listdir("/dev")))
        tell("/dev/pts", sorted(os.listdir("/dev/pts")))
        tell("mounts", len(lines("/proc/self/mountinfo")))

        # Processes: all there are, and what a program could have done to them.
        own = os.getpid()
        for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
            status = dict(line.split(":\t", 1) for line in lines(f"/proc/{pid}/status"))
            name = "me" if pid == own else status["Name"]
            tell("process", [
                name, status["State"][0] in "RSD", status["PPid"],
                sorted(os.sched_getaffinity(pid)), os.getpriority(os.PRIO_PROCESS, pid),
                os.sched_getscheduler(pid), lines(f"/proc/{pid}/oom_score_adj"),
                status["Threads"], os.getsid(pid) == pid, os.getpgid(pid) == pid,
            ])
        status = dict(line.split(":\t", 1) for line in lines("/proc/self/status"))
        for name in ["SigQ", "SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt", "CapEff", "CapPrm",
                     "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Umask", "Groups", "VmLck"]:
            tell(name, status[name].split("/")[0].strip())
        tell("descriptors", sorted(os.listdir("/proc/self/fd"), key=int)[:3])
        tell("streams", [os.readlink(f"/proc/self/fd/{number}")[:5] for number in range(3)])
        tell("descriptor flags", [os.get_inheritable(number) for number in range(3)])
        tell("cwd", os.getcwd())
        tell("umask", os.umask(0o22))
        tell("timers", [signal.getitimer(kind) for kind in range(3)])
        tell("handlers", [
            str(getattr(handler, "__qualname__", handler))
            for handler in map(signal.getsignal, sorted(set(range(1, 65)) - {32, 33}))
        ])
        for name in sorted(vars(resource)):
            if name.startswith("RLIMIT_"):
                tell(name, resource.getrlimit(getattr(resource, name)))
        tell("children", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)

        # The kernel's objects that outlive a process or belong to nobody.
        for kind in ["msg", "sem", "shm"]:
            tell(kind, lines(f"/proc/sysvipc/{kind}")[1:])
        for table in ["unix", "tcp", "tcp6", "udp", "udp6", "raw", "netlink"]:
            path = f"/proc/net/{table}"
            tell(table, len(lines(path)) if os.path.exists(path) else None)
        for table in ["sockstat", "sockstat6"]:
            path = f"/proc/net/{table}"
            found = lines(path) if os.path.exists(path) else []
            # Orphans and the memory of sockets are counted for the host, not for the sandbox.
            tell(table, [line.split()[:3] for line in found][1:])
            tell("waiting", [line.split()[6] for line in found if line.startswith("TCP:")])
        tell("interfaces", sorted(os.listdir("/sys/class/net")))

        # The interpreter.
        tell("environment", sorted(os.environ.items()))
        tell("arguments", [sys.argv, sys.orig_argv, sys.path, sys.flags, sys.warnoptions])
        tell("modules", sorted(sys.modules))
        for module in [builtins, os, sys, json, time, signal, gc]:
            names = sorted((name, type(value).__name__) for name, value in vars(module).items())
            tell(module.__name__, hashlib.sha256(repr(names).encode()).hexdigest())
        code = [json.dumps.__code__, os.walk.__code__, threading.Thread.run.__code__]
        tell("code", hashlib.sha256(b"".join(map(marshal.dumps, code))).hexdigest())
        tell("globals", sorted(name for name in globals() if name.startswith("__")))
        tell("hooks", [
            sys.excepthook is sys.__excepthook__, sys.displayhook is sys.__displayhook__,
            sys.gettrace(), sys.getprofile(), sys.stdout is sys.__stdout__, len(gc.callbacks),
        ])
        tell("settings", [
            sys.getrecursionlimit(), sys.getswitchinterval(), gc.get_threshold(), gc.isenabled(),
            threading.active_count(), time.tzname, sys.getfilesystemencoding(),
        ])
        tell("result", sum(number * number for number in range(1000)))
        """#

    /// What must be in its words, whatever came before: else the comparison would prove nothing.
    static let facts = [
        "/work ['main.py']", "/tmp []", "/dev/shm []", "/dev/mqueue []", "/dev/pts ['ptmx']",
        "umask 18", "cwd /work", "msg []", "tcp 1", "udp 1", "raw 1",
        "SigBlk 0000000000000000", "CapEff 0000000000000000", "NoNewPrivs 1", "Seccomp 2",
        "descriptors ['0', '1', '2']", "RLIMIT_CORE (0, 0)", "result 332833500",
    ]
}
