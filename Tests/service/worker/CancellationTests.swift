import FoundationEssentials
import SandmillEntity
import Testing

@testable import SandmillService

/// How executions end before their time, on fakes.
@Suite("Cancelling", .timeLimit(.minutes(5)))
struct CancellationTests {
    private let id = UUID()

    private func cancel(_ id: UUID, in harness: WorkerHarness) async throws -> CancelOutcome {
        let cancellations = Cancellations(store: harness.store, relay: nil)
        return try await cancellations.cancel(execution: id, tenant: nil, keepsUnknown: true)
    }

    @Test func whatRunsIsKilledAndEndsAsCancelled() async throws {
        let killed = Gate()
        let harness = WorkerHarness { _, _ in
            await killed.pass()
            var report = SandboxReport.success
            report.exit.status = .signal(9)
            report.exit.killCause = .cancelled
            return report
        }
        try await harness.run { _ in
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .ran("work"))
            let outcome = try await cancel(id, in: harness)
            #expect(outcome == .running)
            await harness.journal.wait(for: .cancelled(sandbox: "s1"))
            killed.open()
            await harness.journal.wait(for: .sent("execution.cancelled.python.default"))
        }
        #expect(harness.journal.count(of: .finished(id, .cancelled)) == 1)
    }

    @Test func aSandboxThatTakesNoWordKeepsNoOtherFromEnding() async throws {
        let done = Gate()
        let harness = WorkerHarness { _, _ in
            await done.pass()
            return .success
        }
        let other = UUID()
        let stuck = Gate()
        let killed = ["s1", "s2"].map { Journal.Entry.cancelled(sandbox: $0) }
        try await harness.run { _ in
            harness.broker.deliver(.sample(id))
            harness.broker.deliver(.sample(other, source: "other", tenant: "other"))
            await harness.journal.wait(for: .ran("work"))
            await harness.journal.wait(for: .ran("other"))
            harness.engine.hangCancelling(until: stuck)
            for id in [id, other] { _ = try await cancel(id, in: harness) }
            // Whichever is told first says nothing, and the other is told again at each look.
            await harness.journal.wait(times: 3) { killed.contains($0) }
            stuck.open()
            done.open()
        }
    }

    @Test func aDeadlineThatPassesWhileItRunsDoesNotKillIt() async throws {
        let done = Gate()
        let harness = WorkerHarness { _, _ in
            await done.pass()
            return .success
        }
        let other = UUID()
        let killed = ["s1", "s2"].map { Journal.Entry.cancelled(sandbox: $0) }
        try await harness.run { _ in
            harness.broker.deliver(.sample(id, fields: "\"deadline\": \"2030-01-01T00:00:00Z\""))
            harness.broker.deliver(.sample(other, source: "other", tenant: "other"))
            await harness.journal.wait(for: .ran("work"))
            await harness.journal.wait(for: .ran("other"))
            await harness.store.advance(by: .seconds(200_000_000))
            // Both are looked at together, and the other is killed again at each look.
            _ = try await cancel(other, in: harness)
            await harness.journal.wait(times: 3) { killed.contains($0) }
            done.open()
            await harness.journal.wait(for: .finished(id, .succeeded))
        }
        #expect(killed.map { harness.journal.count(of: $0) }.min() == 0)
    }

    @Test func whatEndsByItselfBeforeItIsKilledEndsAsItDid() async throws {
        let done = Gate()
        let harness = WorkerHarness { _, _ in
            await done.pass()
            return .success
        }
        try await harness.run { _ in
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .ran("work"))
            _ = try await cancel(id, in: harness)
            done.open()
            await harness.journal.wait(for: .finished(id, .succeeded))
        }
        #expect(harness.journal.count(of: .sent("execution.succeeded.python.default")) == 1)
    }

    @Test func whatWaitsForASandboxGivesUpWaiting() async throws {
        let harness = WorkerHarness()
        harness.engine.isDown = true
        // No sandbox is tried before the claim, since nothing is claimed while none can be started.
        try await harness.run(spare: 0) { _ in
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .claimed(id))
            _ = try await cancel(id, in: harness)
            await harness.journal.wait(for: .finished(id, .cancelled))
            harness.engine.isDown = false
        }
        #expect(harness.journal.count(of: .ran("work")) == 0)
        let record = try #require(await harness.store.executions[id]?.record)
        #expect(record.startedAt == nil && record.attempt == 0)
        #expect(record.result?.contains("\"started_at\":null") == true)
    }

    @Test func whatRunsHasStartedWithItsProgramAndNotWithItsClaim() async throws {
        let harness = WorkerHarness()
        harness.engine.isDown = true
        try await harness.run(spare: 0) { _ in
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .claimed(id))
            let claimed = await harness.store.now
            while await harness.store.now < claimed + 0.1 { await Task.yield() }
            harness.engine.isDown = false
            await harness.journal.wait(for: .finished(id, .succeeded))
        }
        let record = try #require(await harness.store.executions[id]?.record)
        let start = try #require(record.startedAt)
        #expect(start > record.submittedAt)
        #expect(start <= record.finishedAt ?? .distantPast)
        #expect(record.attempt == 1)
    }

    @Test func whatWaitsInTheStoreEndsWithoutBeingClaimed() async throws {
        let gate = Gate()
        let harness = WorkerHarness { _, _ in
            await gate.pass()
            return .success
        }
        let waiting = UUID()
        try await harness.run(concurrency: 1) { _ in
            for _ in 0..<2 { harness.broker.deliver(.sample(UUID())) }
            harness.broker.deliver(.sample(waiting))
            await harness.journal.wait(for: .parked(waiting))
            let outcome = try await cancel(waiting, in: harness)
            #expect(outcome == .queued)
            await harness.journal.wait(for: .sent("execution.cancelled.python.default"))
            gate.open()
        }
        #expect(harness.journal.count(of: .claimed(waiting)) == 0)
        #expect(harness.journal.count(of: .finished(waiting, .cancelled)) == 1)
    }

    @Test func whatIsCancelledBeforeItComesDoesNotRun() async throws {
        let harness = WorkerHarness()
        try await harness.run { _ in
            let outcome = try await cancel(id, in: harness)
            #expect(outcome == .unknown)
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .sent("execution.cancelled.python.default"))
        }
        #expect(harness.journal.count(of: .ran("work")) == 0)
    }

    @Test func whatHasEndedStaysAsItIs() async throws {
        let harness = WorkerHarness()
        try await harness.run { _ in
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .finished(id, .succeeded))
            let outcome = try await cancel(id, in: harness)
            #expect(outcome == .ended)
        }
        #expect(try await harness.store.execution(id)?.state == .succeeded)
    }

    @Test func whatIsSupersededSaysSo() async throws {
        let gate = Gate()
        let harness = WorkerHarness { _, _ in
            await gate.pass()
            return .success
        }
        let (old, new) = (UUID(), UUID())
        try await harness.run(concurrency: 1) { _ in
            for _ in 0..<2 { harness.broker.deliver(.sample(UUID())) }
            harness.broker.deliver(.sample(old))
            harness.broker.deliver(.sample(new, fields: "\"supersedes\": \"\(old.text)\""))
            await harness.journal.wait(for: .finished(old, .cancelled))
            gate.open()
            await harness.journal.wait(for: .finished(new, .succeeded))
        }
        #expect(try await harness.store.execution(old)?.reason == "superseded")
    }

    @Test func aDeadlineThatPassesInTheStoreEndsInExpired() async throws {
        let gate = Gate()
        let harness = WorkerHarness { _, _ in
            await gate.pass()
            return .success
        }
        try await harness.run(concurrency: 1) { _ in
            for _ in 0..<2 { harness.broker.deliver(.sample(UUID())) }
            harness.broker.deliver(.sample(id, fields: "\"deadline\": \"2030-01-01T00:00:00Z\""))
            await harness.journal.wait(for: .parked(id))
            await harness.store.advance(by: .seconds(200_000_000))
            await harness.journal.wait(for: .finished(id, .expired))
            gate.open()
        }
        #expect(harness.journal.count(of: .claimed(id)) == 0)
    }
}
