import Foundation
import Testing

@testable import SandmillDocker

struct SeccompProfileTests {
    private struct Profile: Decodable {
        struct Rule: Decodable {
            struct Argument: Decodable {
                let index: Int
                let value: UInt64
                let valueTwo: UInt64
                let op: String
            }

            let names: [String]
            let action: String
            let args: [Argument]
        }

        let defaultAction: String
        let syscalls: [Rule]
    }

    private let profile: Profile

    init() throws {
        profile = try JSONDecoder().decode(Profile.self, from: Data(SeccompProfile.json.utf8))
    }

    @Test func whatIsNotListedIsRefused() {
        #expect(profile.defaultAction == "SCMP_ACT_ERRNO")
        let allowed = Set(profile.syscalls.flatMap(\.names))
        for name in [
            "mount", "umount2", "unshare", "setns", "pivot_root", "chroot", "bpf", "keyctl",
            "ptrace",
            "perf_event_open", "io_uring_setup", "userfaultfd", "kexec_load", "init_module",
            "process_vm_readv", "shmget", "semget", "msgget", "mq_open", "clock_settime", "reboot",
            "open_by_handle_at", "name_to_handle_at", "swapon", "syslog", "seccomp", "capset",
        ] {
            #expect(!allowed.contains(name))
        }
    }

    @Test func callsWhoseArgumentsDecideAreNowhereAllowedWithoutThem() {
        for name in ["clone", "socket", "socketpair", "mknod", "mknodat", "personality"] {
            let rules = profile.syscalls.filter { $0.names.contains(name) }
            #expect(!rules.isEmpty)
            #expect(rules.allSatisfy { $0.names == [name] && !$0.args.isEmpty })
        }
    }

    @Test func everySocketOfTheInternetNamesItsProtocol() {
        let sockets = profile.syscalls.filter { $0.names == ["socket"] && $0.args[0].value != 1 }
        #expect(!sockets.isEmpty)
        for rule in sockets {
            let value = rule.args.first { $0.index == 2 }?.value
            #expect(value.map { [0, 6, 17].contains($0) } == true)
        }
    }

    @Test func noCallIsListedTwice() {
        let plain = profile.syscalls.filter { $0.args.isEmpty }.flatMap(\.names)
        #expect(Set(plain).count == plain.count)
    }
}
