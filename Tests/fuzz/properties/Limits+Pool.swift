import SandmillEntity
import SandmillService

extension Limits {
    /// What a request gets that asks for nothing.
    static let pool = Limits(
        wall: .seconds(10),
        cpu: .seconds(5),
        memory: .mebibytes(128),
        processes: 32,
        stdout: .mebibytes(1),
        stderr: .mebibytes(1),
        output: .mebibytes(16),
        outputFiles: 100
    )

    /// The most that a request may ask for.
    static let poolMaxima = Limits(
        wall: .seconds(300),
        cpu: .seconds(300),
        memory: .mebibytes(1_024),
        processes: 128,
        stdout: .mebibytes(16),
        stderr: .mebibytes(16),
        output: .mebibytes(256),
        outputFiles: 1_000
    )
}

extension SubmissionDecoder {
    /// Reads requests for a pool that runs everything.
    static let pool = SubmissionDecoder(
        pool: Pool(
            name: "pool",
            runtimes: [.python, .sh, .node, .c, .cpp],
            limits: LimitPolicy(
                defaults: .pool,
                maxima: .poolMaxima,
                killsOnExcessOutput: false
            )
        )
    )
}
