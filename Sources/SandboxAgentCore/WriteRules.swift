internal import CSandboxAgent
internal import Glibc

/// What a zygote, and every program it forks, may open for writing (landlock(7)).
///
/// The root file system is read-only, and this adds `/proc`: a program could make the OOM killer
/// prefer the sandbox's own processes to its own (proc(5), `oom_score_adj`). The agent itself is not
/// held to it.
struct WriteRules: ~Copyable {
    /// The ruleset; closed where the kernel has none, such as before Linux 5.19.
    let descriptor: Descriptor

    /// Allows what is below `directories`.
    init(allowing directories: [String]) throws(SystemError) {
        let rules = sandbox_create_write_rules()
        guard rules >= 0 || ![ENOSYS, EOPNOTSUPP, EINVAL].contains(errno) else {
            descriptor = Descriptor()
            return
        }
        let descriptor = try Descriptor(rules, "landlock_create_ruleset")
        for path in directories {
            let directory = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY)
            try check(
                sandbox_allow_writing(descriptor.number, directory.number),
                "landlock_add_rule \(path)"
            )
        }
        self.descriptor = descriptor
    }
}
