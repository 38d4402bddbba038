import ArgumentParser
import CLinux
import FoundationEssentials

/// The `sandmill` program: worker and operator's tool.
@main
struct Sandmill: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandmill",
        abstract:
            "Runs programs that nobody has reason to trust, in batches, and loses none of them.",
        discussion: """
            Settings come from a YAML file (--config, default config/sandmill.yaml where that \
            exists), then from the environment (broker.url is SANDMILL_BROKER_URL), then from \
            --set.

            Times are such as 500ms, 10s, 5m, 2h or 7d; without a unit they are seconds. sandmill \
            completion bash, zsh or fish prints the completions for a shell.

            Exit codes: 0 done, 1 a program that was waited for did not succeed, 64 wrong usage, \
            65 wrong input, 69 a server cannot be reached, 73 a file cannot be written, 75 try \
            again later, 78 wrong configuration.
            """,
        version: Product.version,
        subcommands: [
            WorkerCommand.self, GatewayCommand.self, ServeCommand.self, SubmitCommand.self,
            BatchCommand.self, ListCommand.self, StatusCommand.self, ResultCommand.self,
            OutputCommand.self, CancelCommand.self, RerunCommand.self, DeleteCommand.self,
            ResultsCommand.self,
            EventsCommand.self, DeadCommand.self, PoolCommand.self, WorkersCommand.self,
            QueuesCommand.self, TopCommand.self, TokenCommand.self, AuditCommand.self,
            TopologyCommand.self, MigrateCommand.self, DoctorCommand.self,
            CompletionCommand.self,
        ]
    )

    static func main() async {
        returnLargeMemory()
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            guard let failure = Failure(error) else { exit(withError: error) }
            let remedy = failure.remedy.map { "; \($0)" } ?? ""
            Terminal.writeError("sandmill: \(failure.message)\(remedy)")
            exit(withError: ExitCode(failure.status.rawValue))
        }
    }
}

extension Sandmill {
    /// Has memory above 256 KiB mapped by itself, so that it goes back to the system when it is freed.
    ///
    /// glibc would learn from the first such block that is freed to keep those of its size, up to 32 MiB, and
    /// each thread's arena would keep its own (mallopt(3)).
    private static func returnLargeMemory() {
        mallopt(M_MMAP_THRESHOLD, 256 << 10)
        mallopt(M_TRIM_THRESHOLD, 4 << 20)
    }
}

/// What this build is.
enum Product {
    /// The version of this source, as CHANGELOG.md names it.
    static let version = "0.2.0"
}
