/// What works and what does not.
struct ReadinessBody: Encodable {
    private struct Check: Encodable {
        let name: String
        let status: String
        let reason: String?
    }

    private let status: String
    private let checks: [Check]

    /// Whether everything works.
    var isReady: Bool { checks.allSatisfy { $0.reason == nil } }

    init(_ findings: [Readiness.Finding]) {
        checks = findings.map { finding in
            Check(
                name: finding.name,
                status: finding.failure == nil ? "ok" : "failed",
                reason: finding.failure
            )
        }
        status = findings.allSatisfy { $0.failure == nil } ? "ok" : "failed"
    }
}
