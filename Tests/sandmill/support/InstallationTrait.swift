import Testing

/// The tests of the whole system.
///
/// They run one after the other: each starts workers, which share the machine's cores.
@Suite(.serialized) enum SystemTests {}

/// Gives a suite, or a test, an installation of its own; a suite's tests share one worker.
struct InstallationTrait: SuiteTrait, TestTrait, TestScoping {
    let settings: [String: String]
    let hasWorker: Bool

    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await Installation.with(settings: settings) { installation in
            let worker = hasWorker ? try await installation.startWorker("worker-a") : nil
            try await Installation.$running.withValue(installation) { try await function() }
            if let worker { try await installation.stop(worker) }
        }
    }
}

extension Trait where Self == InstallationTrait {
    /// An installation with a worker.
    static func installation(_ settings: [String: String] = [:]) -> Self {
        Self(settings: settings, hasWorker: true)
    }

    /// An installation whose workers the test starts itself.
    static var installationWithoutWorker: Self {
        Self(settings: [:], hasWorker: false)
    }
}

extension Installation {
    @TaskLocal fileprivate static var running: Installation?

    /// The installation of the test that calls.
    static var current: Installation {
        get throws { try #require(running, "the test has no installation") }
    }
}
