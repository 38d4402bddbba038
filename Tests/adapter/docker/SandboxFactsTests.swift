import Foundation
import SandboxFixture
import SandmillEntity
import SandmillService
import Testing

@testable import SandmillDocker

/// What holds in a sandbox, as a program sees it from inside.
@Suite(.timeLimit(.minutes(5)), .serialized)
struct SandboxFactsTests {
    /// Every call of the kernel's own table that the profile does not list, and the numbers that have
    /// no call yet.
    ///
    /// runc answers ENOSYS to those above all that are listed. uretprobe and uprobe (335,
    /// 336) never reach a profile: the kernel ends who calls them from other than its own trampoline.
    @Test func everyCallThatIsNotListedFails() async throws {
        let numbers = try Self.callNumbers()
        let listed = Set(SeccompProfile.names.compactMap { numbers[$0] })
        let forbidden = Set(0..<512).subtracting(listed).subtracting([335, 336]).sorted()
        try #require(forbidden.count > 150)
        try await TestEngine.withSandbox { sandbox in
            let result = try await sandbox.run(
                """
                import ctypes, errno, sys
                libc = ctypes.CDLL(None, use_errno=True)
                counts = {errno.EPERM: 0, errno.ENOSYS: 0}
                for number in map(int, sys.argv[1:]):
                    ctypes.set_errno(0)
                    returned = libc.syscall(number, 0, 0, 0, 0, 0, 0)
                    code = ctypes.get_errno()
                    if returned != -1 or code not in counts:
                        print(number, returned, errno.errorcode.get(code, code))
                    else:
                        counts[code] += 1
                print(counts[errno.EPERM] > 100, sum(counts.values()))
                """,
                by: .python,
                arguments: forbidden.map(String.init)
            )
            #expect(result.text == "True \(forbidden.count)\n", "\(result.errors)")
        }
    }

    @Test func timesOfDevicesTellTheNextProgramNothing() async throws {
        let show = """
            import glob, os, stat
            devices = [path for path in glob.glob("/dev/*") if stat.S_ISCHR(os.stat(path).st_mode)]
            print([(path, os.stat(path).st_atime, os.stat(path).st_mtime) for path in sorted(devices)])
            for path in devices:
                try: os.utime(path)
                except OSError: pass
            print(os.stat("/dev/full").st_mtime > 1e9)
            """
        try await TestEngine.withSandbox { sandbox in
            let first = try await sandbox.python(show)
            #expect(first.text.hasSuffix("True\n"), "\(first.errors)")
            #expect(try await sandbox.python(show).text == first.text)
        }
    }

    @Test func nothingIsThereThatAdministersASystem() async throws {
        try await TestEngine.withSandbox { sandbox in
            let result = try await sandbox.python(
                """
                import os, shutil
                path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
                names = ""\"perl apt apt-get dpkg dpkg-deb mount umount su login passwd chsh newgrp nsenter
                    unshare setpriv runuser useradd fdisk mkfs losetup swapon pivot_root debconf gpgv""\"
                print([name for name in names.split() if shutil.which(name, path=path)])
                tools = "sh cat sed grep awk find sort tar gzip diff head tr cut xargs env date"
                print([name for name in tools.split() if not shutil.which(name, path=path)])
                print(os.path.exists("/usr/share/doc/bash/copyright"))
                """
            )
            #expect(result.text == "[]\n[]\nTrue\n", "\(result.errors)")
        }
    }

    @Test func whatTheEngineMasksCannotBeRead() async throws {
        try await TestEngine.withSandbox { sandbox in
            let result = try await sandbox.python(
                """
                import os
                # Masked: nothing can be read of them. Read-only: nothing can be written to them.
                for path in ["kcore", "keys", "timer_list", "sched_debug", "latency_stats"]:
                    try:
                        if open("/proc/" + path, "rb").read(1): print(path, "is readable")
                    except OSError: pass
                for path in ["/proc/acpi", "/proc/scsi", "/sys/firmware"]:
                    if os.path.exists(path) and os.listdir(path): print(path, "is readable")
                for path in ["/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/irq",
                             "/proc/bus", "/proc/fs", "/sys/kernel", "/sys/fs/cgroup"]:
                    if os.access(path, os.W_OK): print(path, "is writable")
                print("done")
                """
            )
            #expect(result.text == "done\n", "\(result.errors)")
        }
    }

    @Test func nothingButTheScratchPlacesIsWritable() async throws {
        try await TestEngine.withSandbox { sandbox in
            let result = try await sandbox.python(
                """
                import os
                for line in open("/proc/self/mountinfo"):
                    fields = line.split()
                    path, options = fields[4], fields[5].split(",")
                    kind = fields[fields.index("-") + 1]
                    if "rw" in options and os.access(path, os.W_OK) and os.path.isdir(path):
                        print(path, kind, [name for name in ("nosuid", "nodev") if name in options])
                for root, directories, files in os.walk("/", topdown=True):
                    directories[:] = [name for name in directories if os.path.join(root, name)
                                      not in ("/proc", "/sys", "/work", "/tmp", "/dev/shm")]
                    for name in directories + files:
                        path = os.path.join(root, name)
                        if os.path.islink(path): continue
                        if os.access(path, os.W_OK) and not path.startswith("/dev"): print(path)
                        if os.path.isfile(path) and os.stat(path).st_mode & 0o6000: print(path, "raises privileges")
                """
            )
            #expect(
                Set(result.text.split(separator: "\n")) == [
                    "/work tmpfs ['nosuid', 'nodev']", "/tmp tmpfs ['nosuid', 'nodev']",
                    "/dev/shm tmpfs ['nosuid', 'nodev']",
                    "/dev/mqueue mqueue ['nosuid', 'nodev']",
                ],
                "\(result.errors)"
            )
        }
    }

    @Test func limitsAndGroupsAreThoseOfTheProgram() async throws {
        try await TestEngine.withSandbox { sandbox in
            let result = try await sandbox.python(
                """
                import os, resource
                for name in ["NOFILE", "CORE", "MEMLOCK", "MSGQUEUE", "NPROC", "NICE", "RTPRIO"]:
                    number = 12 if name == "MSGQUEUE" else getattr(resource, "RLIMIT_" + name, None)
                    if number is None: number = {"NICE": 13, "RTPRIO": 14}[name]
                    print(name, *resource.getrlimit(number))
                print(os.getgroups(), len(set(os.getresuid() + os.getresgid())))
                print(sorted(os.listdir("/proc/self/fd"))[:3], oct(os.umask(0)), os.getcwd())
                """
            )
            #expect(
                result.text == """
                    NOFILE 1024 1024
                    CORE 0 0
                    MEMLOCK 0 0
                    MSGQUEUE 0 0
                    NPROC 32 32
                    NICE 0 0
                    RTPRIO 0 0
                    [] 1
                    ['0', '1', '2'] 0o22 /work

                    """,
                "\(result.errors)"
            )
        }
    }

    /// The kernel's table of calls, as the C library's headers have it.
    private static func callNumbers() throws -> [String: Int] {
        let header = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"
        let text = try String(contentsOfFile: header, encoding: .utf8)
        // Headers before Linux 6.6 lack it.
        var numbers = ["fchmodat2": 452]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 3, words[1].hasPrefix("__NR_") else { continue }
            numbers[String(words[1].dropFirst(5))] = Int(words[2])
        }
        return numbers
    }
}

extension SeccompProfile {
    /// The calls that some rule lists.
    fileprivate static var names: Set<String> {
        struct Profile: Decodable {
            struct Rule: Decodable {
                let names: [String]
            }

            let syscalls: [Rule]
        }
        let profile = try? JSONDecoder().decode(Profile.self, from: Data(json.utf8))
        return Set(profile?.syscalls.flatMap(\.names) ?? [])
    }
}
