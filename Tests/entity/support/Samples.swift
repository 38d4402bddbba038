import SandmillEntity

extension Limits {
    static let sample = Limits(
        wall: .seconds(10),
        cpu: .seconds(5),
        memory: .mebibytes(128),
        processes: 32,
        stdout: .mebibytes(1),
        stderr: .mebibytes(1),
        output: .mebibytes(16),
        outputFiles: 100
    )
}

extension ProgramExit {
    static func sample(
        _ status: Status = .code(0),
        killCause: KillCause? = nil,
        cpu: Duration = .milliseconds(3),
        oomKills: Int = 0
    ) -> ProgramExit {
        ProgramExit(
            status: status,
            killCause: killCause,
            wall: .milliseconds(4),
            cpu: cpu,
            memoryPeak: .mebibytes(9),
            oomKills: oomKills,
            stdout: .zero,
            stderr: .zero
        )
    }
}
