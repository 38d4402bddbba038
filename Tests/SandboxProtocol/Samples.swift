import SandboxProtocol

/// At least one of every frame, with the values at the ends of their ranges.
enum Samples {
    static let run = run(.warm)

    private static func run(_ start: Run.Start) -> Run {
        Run(
            token: .max,
            start: start,
            entrypoint: "dir/main.py",
            arguments: ["", "--fast", "\u{1F600}"],
            environment: [.init(name: "A", value: ""), .init(name: "B", value: "c=d\n")],
            files: [.init(path: "dir/main.py", size: 0), .init(path: "in.csv", size: .max)],
            stdinSize: 1 << 40,
            outputs: [["*.csv", "*.json"], [], ["plots/**"]],
            limits: .init(
                wallNanoseconds: 1,
                cpuNanoseconds: 2,
                processes: .max,
                stackBytes: 6,
                stdoutBytes: 3,
                stderrBytes: 4,
                outputBytes: .max,
                outputFiles: 5
            ),
            killsOnExcessOutput: true
        )
    }

    static let commands: [Command] = [
        .run(run), .run(run(.command(["/bin/sh", "main.sh"]))),
        .run(
            run(
                .built(
                    .init(
                        command: ["/usr/bin/gcc"],
                        environment: [.init(name: "A", value: "b")],
                        wallNanoseconds: .max,
                        cpuNanoseconds: 0,
                        processes: 1
                    ),
                    run: []
                )
            )
        ),
        .run(
            run(
                .built(
                    .init(
                        command: ["g++"],
                        wallNanoseconds: 0,
                        cpuNanoseconds: 1,
                        processes: .max,
                        isKept: true
                    ),
                    run: ["/usr/bin/java", "-cp"]
                )
            )
        ), .run(run(.kept(run: []))), .run(run(.kept(run: ["x"]))), .input([]),
        .input([0, 255, 10]), .cancel(token: 0),
        .probe(nonce: .max), .forget, .proceed,
    ]

    static let exit = Report.Exit(
        status: .code(255),
        kill: .none,
        wallNanoseconds: 1,
        cpuNanoseconds: .max,
        memoryPeakBytes: 2,
        oomKills: 3,
        stdoutBytes: 4,
        stderrBytes: 5
    )

    static let reports: [Report] = [
        .ready(version: FrameLimits.protocolVersion), .output(.stdout, []),
        .output(.stderr, [0, 1, 0x82]), .tail(.stdout, [255]), .built(exit, output: []),
        .built(exit, output: [0, 10]),
        .notBuilt(killed),
        .exited(exit), .exited(killed),
        .file(path: [0xFF, 0x0A], size: 0), .content([1]), .skipped(path: [], reason: .unreadable),
        .finished(.clean), .finished(.unclean("a process is left")), .failed("no space"),
        .healthy(nonce: 7), .missing(pattern: .max),
    ]

    private static var killed: Report.Exit {
        var exit = exit
        exit.status = .signal(9)
        exit.kill = .wallTime
        return exit
    }
}
