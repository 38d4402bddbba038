import FoundationEssentials
import Logging
import SandmillEntity
import TestSupport

@testable import SandmillService

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

    static let sampleMaxima = Limits(
        wall: .seconds(60),
        cpu: .seconds(30),
        memory: .mebibytes(512),
        processes: 64,
        stdout: .mebibytes(8),
        stderr: .mebibytes(8),
        output: .mebibytes(64),
        outputFiles: 1_000
    )
}

extension SubmissionDecoder {
    static let sample = SubmissionDecoder(
        pool: Pool(
            name: "python",
            runtimes: [.python],
            limits: LimitPolicy(
                defaults: .sample,
                maxima: .sampleMaxima,
                killsOnExcessOutput: false
            )
        )
    )
}

extension RequestMessage {
    /// A request for a program that is its own name, for fakes to tell programs apart.
    static func sample(
        _ id: UUID,
        source: String = "work",
        fields: String = "",
        tenant: String = "default",
        headers: [String: String] = [:],
        replyTo: String? = nil
    ) -> RequestMessage {
        RequestMessage(
            properties: MessageProperties(
                contentType: "application/json",
                messageID: id.uuidString.lowercased(),
                replyTo: replyTo,
                headers: headers.merging(["tenant": tenant]) { own, _ in own }
            ),
            body: Array("{\"source\": \"\(source)\"\(fields.isEmpty ? "" : ", ")\(fields)}".utf8)
        )
    }
}

extension Claim {
    static func sample(
        _ request: RequestMessage,
        token: UUID = UUID(),
        worker: String = "w1"
    ) throws -> Claim {
        Claim(
            token: token,
            worker: worker,
            submission: try SubmissionDecoder.sample.decode(request, level: .normal),
            request: request
        )
    }
}

extension SandboxSpecification {
    static let sample = SandboxSpecification(
        pool: "python",
        runtimes: [.python],
        image: "image",
        containerRuntime: nil,
        memory: .mebibytes(128),
        scratch: .mebibytes(64),
        scratchFiles: 1_000,
        processes: 64,
        cpus: nil,
        preload: []
    )
}

extension SandboxPool.Configuration {
    static func sample(spare: Int = 1, maximum: Int = 2) -> SandboxPool.Configuration {
        SandboxPool.Configuration(
            spare: spare,
            maximum: maximum,
            maximumUses: 1_000,
            maximumAge: .seconds(3_600),
            idleTimeout: .seconds(600),
            probeInterval: .seconds(600)
        )
    }
}

extension SandboxReport {
    static let success = SandboxReport(
        exit: ProgramExit(
            status: .code(0),
            killCause: nil,
            wall: .microseconds(4_100),
            cpu: .microseconds(3_200),
            memoryPeak: .mebibytes(9),
            oomKills: 0,
            stdout: ByteCount(3 as Int64),
            stderr: .zero
        ),
        isClean: true
    )
}

extension WarmPool {
    /// Leases for a new execution of a tenant.
    func lease(
        tenant: String,
        memory: ByteCount,
        isolation: Isolation = .tenant
    ) async throws -> SandboxLease {
        var submission = try SubmissionDecoder.sample.decode(
            .sample(UUID(), tenant: tenant),
            level: .normal
        )
        submission.program.limits.memory = memory
        submission.isolation = isolation
        return try await lease(for: submission)
    }
}
