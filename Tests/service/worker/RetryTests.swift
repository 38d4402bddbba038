import FoundationEssentials
import SandmillEntity
import Testing

@testable import SandmillService

/// Programs that are run again because their request asks for it, on fakes.
@Suite("A request for retries", .timeLimit(.minutes(5)))
struct RetryTests {
    private let id = UUID()
    private static let failing = {
        var report = SandboxReport.success
        report.exit.status = .code(3)
        return report
    }()

    @Test func aFailureIsTriedAgainUntilItSucceeds() async throws {
        let failures = Countdown(1)
        let harness = WorkerHarness { _, _ in failures.strike() ? Self.failing : .success }
        try await harness.run { _ in
            harness.broker.deliver(.sample(id, fields: "\"retry\": {\"max\": 2}"))
            await harness.journal.wait(for: .finished(id, .succeeded))
        }
        #expect(harness.journal.count(of: .ran("work")) == 2)
        #expect(harness.journal.count(of: .retried(id, .exitCode)) == 1)
        #expect(harness.journal.count(of: .sent("execution.failed.python.default")) == 0)
        #expect(harness.results.documents["day/\(id.text)/1"] != nil)
    }

    @Test func afterTheLastRetryTheFailureStands() async throws {
        let harness = WorkerHarness { _, _ in Self.failing }
        try await harness.run { _ in
            harness.broker.deliver(.sample(id, fields: "\"retry\": {\"max\": 2}"))
            await harness.journal.wait(for: .finished(id, .failed))
        }
        #expect(harness.journal.count(of: .ran("work")) == 3)
        #expect(try await harness.store.execution(id)?.attempt == 3)
    }

    @Test func anEndThatIsNotNamedStandsAtOnce() async throws {
        let harness = WorkerHarness { _, _ in Self.failing }
        let fields = "\"retry\": {\"max\": 2, \"on\": [\"timed_out\"]}"
        try await harness.run { _ in
            harness.broker.deliver(.sample(id, fields: fields))
            await harness.journal.wait(for: .finished(id, .failed))
        }
        #expect(harness.journal.count(of: .ran("work")) == 1)
    }

    /// The deadline passes while its first attempt runs: the second still runs, and there is no third.
    @Test func whatHasRunDoesNotExpireAndIsNotRunAgainBehindItsDeadline() async throws {
        let gate = Gate()
        let harness = WorkerHarness { _, _ in
            await gate.pass()
            return Self.failing
        }
        let fields = "\"retry\": {\"max\": 5}, \"deadline\": \"2030-01-01T00:00:00Z\""
        try await harness.run { _ in
            harness.broker.deliver(.sample(id, fields: fields))
            await harness.journal.wait(for: .ran("work"))
            await harness.store.advance(by: .seconds(200_000_000))
            gate.open()
            await harness.journal.wait(for: .finished(id, .failed))
        }
        let record = try await harness.store.execution(id)
        #expect(record?.attempt == 2)
        #expect(record?.reason == "exit_code")
    }

    @Test func retriesAreNoFaultsOfOurs() async throws {
        let failures = Countdown(4)
        let losses = Countdown(2)
        let harness = WorkerHarness { _, _ in
            if failures.strike() { return Self.failing }
            if losses.strike() { throw SandboxError(.sandboxLost, "it died") }
            return .success
        }
        try await harness.run { _ in
            harness.broker.deliver(.sample(id, fields: "\"retry\": {\"max\": 5}"))
            await harness.journal.wait(for: .finished(id, .succeeded))
        }
        #expect(harness.journal.count(of: .retried(id, .sandboxLost)) == 2)
    }
}
