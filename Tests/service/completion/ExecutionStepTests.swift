import FoundationEssentials
import SandmillEntity
import SandmillService
import Testing

/// Where the time of an execution went.
struct ExecutionStepTests {
    private static let start = Date(timeIntervalSince1970: 1_700_000_000)

    private func at(_ seconds: Double) -> Date { Self.start + seconds }

    private func record(
        _ state: ExecutionState,
        attempt: Int = 1,
        startedAt: Double? = nil,
        finishedAt: Double? = nil
    ) -> ExecutionRecord {
        ExecutionRecord(
            id: UUID(),
            tenant: "default",
            pool: "python",
            level: .normal,
            state: state,
            reason: nil,
            attempt: attempt,
            batchID: nil,
            worker: nil,
            submittedAt: Self.start,
            startedAt: startedAt.map(at),
            finishedAt: finishedAt.map(at),
            result: nil
        )
    }

    private func attempt(
        _ number: Int,
        _ state: ExecutionState,
        from start: Double,
        to end: Double,
        hasSteps: Bool = false
    ) -> AttemptRecord {
        AttemptRecord(
            number: number,
            worker: "a",
            sandbox: "x",
            state: state,
            reason: nil,
            claimedAt: hasSteps ? at(start) : nil,
            startedAt: at(hasSteps ? start + 0.25 : start),
            finishedAt: at(end),
            collectedAt: hasSteps ? at(end + 0.5) : nil,
            committedAt: hasSteps ? at(end + 0.75) : nil,
            resultsPath: nil
        )
    }

    private func told(
        _ record: ExecutionRecord,
        _ attempts: [AttemptRecord] = [],
        at now: Double = 100
    ) -> [String] {
        record.steps(attempts: attempts, at: at(now))
            .map { "\($0.name.text) \($0.state.rawValue) \($0.duration / .seconds(1))" }
    }

    @Test func whatEndedHasEachStep() {
        let attempts = [attempt(1, .failed, from: 2, to: 5, hasSteps: true)]
        #expect(
            told(record(.failed, startedAt: 2, finishedAt: 5), attempts) == [
                "queued queued 2.0", "sandbox queued 0.25", "program failed 2.75",
                "collect running 0.5", "commit running 0.25",
            ]
        )
    }

    @Test func anEarlierAttemptIsOneStepAndSoIsOneOfAnEarlierVersion() {
        let attempts = [
            attempt(1, .errored, from: 1, to: 4), attempt(2, .succeeded, from: 6, to: 7),
        ]
        #expect(
            told(record(.succeeded, attempt: 2, startedAt: 6, finishedAt: 7), attempts) == [
                "queued queued 1.0", "attempt 1 errored 3.0", "queued queued 2.0",
                "attempt 2 succeeded 1.0",
            ]
        )
    }

    @Test func whatHasNotEndedGoesOnUntilNow() {
        #expect(told(record(.queued, attempt: 0), at: 3) == ["queued queued 3.0"])
        #expect(
            told(record(.running, startedAt: 1), at: 3) == [
                "queued queued 1.0", "attempt 1 running 2.0",
            ]
        )
        // It waits for its second attempt, and its record still tells when the first began.
        let attempts = [attempt(1, .errored, from: 1, to: 2)]
        #expect(
            told(record(.queued, startedAt: 1), attempts, at: 5) == [
                "queued queued 1.0", "attempt 1 errored 1.0", "queued queued 3.0",
            ]
        )
    }

    @Test func whatWasCancelledWhileItWaitedOnlyWaited() {
        #expect(told(record(.cancelled, attempt: 0, finishedAt: 4)) == ["queued queued 4.0"])
        let attempts = [attempt(1, .errored, from: 1, to: 2)]
        #expect(
            told(record(.cancelled, startedAt: 1, finishedAt: 4), attempts) == [
                "queued queued 1.0", "attempt 1 errored 1.0", "queued queued 2.0",
            ]
        )
    }
}
