internal import FoundationEssentials

/// Which system calls a sandbox may make, in the JSON form that Docker and Podman take.
///
/// It lists what is allowed, so that a call nobody has thought of is refused: what ordinary
/// programs, the interpreter and the agent need. A refused call fails with EPERM. No architecture is
/// named, which means the native one; a call by any other ABI ends the caller.
///
/// `landlock_*` is there for the agent, which holds all programs by it; a program that uses it too can
/// only take more from itself.
///
/// Left out on purpose, beside what needs a capability that nobody in a sandbox has:
/// - `unshare`, `setns`, and `clone` into namespaces: they put the kernel's privileged code within
///   reach of everybody;
/// - `bpf`, `io_uring_*`, `userfaultfd`, `perf_event_open`, `vmsplice`, `add_key`, `request_key`,
///   `keyctl`: kernel exploits are made of them, and ordinary programs are not;
/// - `ptrace`, `process_vm_*`, `process_madvise`, `pidfd_getfd`, `kcmp`: they reach into others;
/// - System V IPC and `mq_*`: their objects outlive their program;
/// - `sync` and `syncfs`: they write out the host's file systems, at everybody's cost;
/// - `sched_setscheduler`, `sched_setparam`, `sched_setattr`, `ioprio_set`: a program could get
///   ahead of its neighbours, or hold back the agent;
/// - `mbind`, `move_pages`, `memfd_secret`: memory that is placed or counted in ways of its own.
struct SeccompProfile: Encodable {
    private let defaultAction = Action.refuse
    private let syscalls: [Rule]

    /// The profile of every sandbox.
    static let sandbox = SeccompProfile(
        syscalls: [
            .allow(files), .allow(descriptors), .allow(memory), .allow(processes),
            .allow(signals), .allow(time), .allow(sockets), .allow(system),
        ] + restricted
    )

    /// ``sandbox`` as the value of the security option `seccomp=`.
    static let json: String = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        guard let data = try? encoder.encode(sandbox) else {
            preconditionFailure("strings and numbers have a JSON form")
        }
        return String(decoding: data, as: UTF8.self)
    }()
}

extension SeccompProfile {
    fileprivate enum Action: String, Encodable {
        case allow = "SCMP_ACT_ALLOW"
        /// EPERM.
        case refuse = "SCMP_ACT_ERRNO"
        /// ENOSYS, where nobody traces the caller (seccomp(2), `SECCOMP_RET_TRACE`); unlike an
        /// error number in the profile, engines before Docker 23 know it.
        case deny = "SCMP_ACT_TRACE"
    }

    fileprivate struct Argument: Encodable {
        let index: Int
        let value: UInt64
        let valueTwo: UInt64
        let op: String

        static func equal(_ index: Int, _ value: UInt64) -> Argument {
            Argument(index: index, value: value, valueTwo: 0, op: "SCMP_CMP_EQ")
        }

        static func notEqual(_ index: Int, _ value: UInt64) -> Argument {
            Argument(index: index, value: value, valueTwo: 0, op: "SCMP_CMP_NE")
        }

        static func masked(_ index: Int, _ mask: UInt64, equals value: UInt64) -> Argument {
            Argument(index: index, value: mask, valueTwo: value, op: "SCMP_CMP_MASKED_EQ")
        }
    }

    /// What is done with a call if all `args` hold; of several rules for it, one must.
    fileprivate struct Rule: Encodable {
        let names: [String]
        let action: Action
        let args: [Argument]

        static func allow(_ names: [String]) -> Rule {
            Rule(names: names, action: .allow, args: [])
        }

        static func allow(_ name: String, _ args: Argument...) -> Rule {
            Rule(names: [name], action: .allow, args: args)
        }
    }

    /// The calls whose arguments decide.
    private static let restricted: [Rule] = [
        // No CLONE_NEW… flag. The flags of clone3 lie in memory, where no filter sees them; without
        // it the C library falls back on clone.
        .allow("clone", .masked(0, 0x7E02_0000, equals: 0)),
        Rule(names: ["clone3"], action: .deny, args: []),
        // AF_UNIX; TCP and UDP of AF_INET and AF_INET6; of AF_NETLINK the list of the interfaces.
        // What waits in the sockets of other protocols, such as ICMP's, is no sandbox's memory.
        .allow("socket", .equal(0, 1)),
        .allow("socket", .equal(0, 2), .equal(2, 0)),
        .allow("socket", .equal(0, 2), .equal(2, 6)),
        .allow("socket", .equal(0, 2), .equal(2, 17)),
        .allow("socket", .equal(0, 10), .equal(2, 0)),
        .allow("socket", .equal(0, 10), .equal(2, 6)),
        .allow("socket", .equal(0, 10), .equal(2, 17)),
        .allow("socket", .equal(0, 16), .equal(2, 0)),
        .allow("socketpair", .equal(0, 1)),
        // FIFOs (S_IFIFO), no devices.
        .allow("mknod", .masked(1, 0o170000, equals: 0o010000)),
        .allow("mknodat", .masked(2, 0o170000, equals: 0o010000)),
        // No merging of equal pages (MADV_MERGEABLE, PR_SET_MEMORY_MERGE): how long a write takes would
        // tell what a page of another sandbox holds.
        .allow("madvise", .notEqual(2, 12)),
        .allow("prctl", .notEqual(0, 67)),
        // To ask for it. Other values switch off the randomisation of addresses, and more.
        .allow("personality", .equal(0, 0xFFFF_FFFF)),
    ]

    private static let files = [
        "access", "chdir", "chmod", "chown", "creat", "faccessat", "faccessat2", "fchdir", "fchmod",
        "fchmodat", "fchmodat2", "fchown", "fchownat", "fgetxattr", "flistxattr", "fremovexattr",
        "fsetxattr", "fstat", "fstatfs", "futimesat", "getcwd", "getdents", "getdents64",
        "getxattr", "inotify_add_watch", "inotify_init", "inotify_init1", "inotify_rm_watch",
        "lchown", "lgetxattr", "link", "linkat", "listxattr", "llistxattr", "lremovexattr",
        "lsetxattr", "lstat", "mkdir", "mkdirat", "newfstatat", "open", "openat", "openat2",
        "readlink", "readlinkat", "removexattr", "rename", "renameat", "renameat2", "rmdir",
        "setxattr", "stat", "statfs", "statx", "symlink", "symlinkat", "truncate", "umask",
        "unlink", "unlinkat", "utime", "utimensat", "utimes",
    ]

    private static let descriptors = [
        "close", "close_range", "copy_file_range", "dup", "dup2", "dup3", "epoll_create",
        "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2", "epoll_wait", "eventfd",
        "eventfd2", "fadvise64", "fallocate", "fcntl", "fdatasync", "flock", "fsync", "ftruncate",
        "ioctl", "lseek", "pipe", "pipe2", "poll", "ppoll", "pread64", "preadv", "preadv2",
        "pselect6", "pwrite64", "pwritev", "pwritev2", "read", "readahead", "readv", "select",
        "sendfile", "splice", "sync_file_range", "tee", "write", "writev",
    ]

    private static let memory = [
        "brk", "memfd_create", "mincore", "mlock", "mlock2", "mlockall", "mmap",
        "mprotect", "mremap", "msync", "munlock", "munlockall", "munmap", "pkey_alloc", "pkey_free",
        "pkey_mprotect",
    ]

    private static let processes = [
        "arch_prctl", "capget", "execve", "execveat", "exit", "exit_group", "fork", "futex",
        "futex_waitv", "get_robust_list", "getegid", "geteuid", "getgid", "getgroups", "getpgid",
        "getpgrp", "getpid", "getppid", "getpriority", "getresgid", "getresuid", "getrlimit",
        "getrusage", "getsid", "gettid", "getuid", "ioprio_get", "landlock_add_rule",
        "landlock_create_ruleset", "landlock_restrict_self", "membarrier", "pidfd_open",
        "prlimit64", "restart_syscall", "rseq", "sched_get_priority_max",
        "sched_get_priority_min", "sched_getaffinity", "sched_getattr", "sched_getparam",
        "sched_getscheduler", "sched_rr_get_interval", "sched_setaffinity", "sched_yield",
        "set_robust_list", "set_tid_address", "setfsgid", "setfsuid", "setgid", "setgroups",
        "setpgid", "setpriority", "setregid", "setresgid", "setresuid", "setreuid", "setrlimit",
        "setsid", "setuid", "vfork", "wait4", "waitid",
    ]

    private static let signals = [
        "kill", "pause", "pidfd_send_signal", "rt_sigaction", "rt_sigpending", "rt_sigprocmask",
        "rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "rt_tgsigqueueinfo",
        "sigaltstack", "signalfd", "signalfd4", "tgkill", "tkill",
    ]

    private static let time = [
        "alarm", "clock_getres", "clock_gettime", "clock_nanosleep", "getitimer", "gettimeofday",
        "nanosleep", "setitimer", "time", "timer_create", "timer_delete", "timer_getoverrun",
        "timer_gettime", "timer_settime", "timerfd_create", "timerfd_gettime", "timerfd_settime",
        "times",
    ]

    private static let sockets = [
        "accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt",
        "listen",
        "recvfrom", "recvmmsg", "recvmsg", "sendmmsg", "sendmsg", "sendto", "setsockopt",
        "shutdown",
    ]

    private static let system = ["getcpu", "getrandom", "sysinfo", "uname"]
}
