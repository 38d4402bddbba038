import FoundationEssentials
import SandmillEntity
import ServiceLifecycle
import Testing

@testable import SandmillService

/// A request's way from a gateway to the worker in the same process.
@Suite("Requests for a worker at hand", .timeLimit(.minutes(5)))
struct DirectRequestTests {
    private let id = UUID()

    @Test func itRunsWithoutGoingThroughTheBroker() async throws {
        let harness = WorkerHarness()
        try await harness.runAtHand { admissions, _ in
            let taken = try await admissions.submit(.sample(id), pool: "python", level: .normal)
            #expect(taken == AdmittedExecution(id: id, isNew: true))
            #expect(harness.journal.entries.contains(.claimed(id)))
            await harness.journal.wait(for: .sent("execution.succeeded.python.default"))
        }
        #expect(harness.broker.published.allSatisfy { $0.exchange != .submit })
        let record = try #require(await harness.store.execution(id))
        #expect(record.state == .succeeded)
        #expect(record.attempt == 1)
    }

    @Test func theSameAgainChangesNothingAndAnotherIsRefused() async throws {
        let harness = WorkerHarness()
        try await harness.runAtHand { admissions, _ in
            _ = try await admissions.submit(.sample(id), pool: "python", level: .normal)
            let again = try await admissions.submit(.sample(id), pool: "python", level: .normal)
            #expect(again == AdmittedExecution(id: id, isNew: false))
            let refusal = await #expect(throws: RequestRefusal.self) {
                try await admissions.submit(
                    .sample(id, source: "other"),
                    pool: "python",
                    level: .normal
                )
            }
            #expect(refusal?.kind == .idConflict)
            await harness.journal.wait(for: .finished(id, .succeeded))
        }
        #expect(harness.journal.entries.count { $0 == .ran("work") } == 1)
    }

    @Test func whatWaitsAlreadyIsLeftAsItIs() async throws {
        let gate = Gate()
        let harness = WorkerHarness { _, _ in
            await gate.pass()
            return .success
        }
        try await harness.runAtHand(concurrency: 1) { admissions, _ in
            _ = try await admissions.submit(.sample(UUID()), pool: "python", level: .normal)
            for isNew in [true, false] {
                let taken = try await admissions.submit(.sample(id), pool: "python", level: .normal)
                #expect(taken == AdmittedExecution(id: id, isNew: isNew))
            }
            gate.open()
            await harness.journal.wait(for: .finished(id, .succeeded))
        }
    }

    /// Why a worker takes nothing.
    enum Obstacle: CaseIterable, Sendable {
        case lostLease
        case drain
        case noSandbox
        case unwritableResults
    }

    @Test(arguments: Obstacle.allCases)
    func whatTheWorkerCannotTakeGoesToTheBroker(obstacle: Obstacle) async throws {
        let harness = WorkerHarness(trust: obstacle == .lostLease ? .zero : .seconds(600))
        harness.engine.isDown = obstacle == .noSandbox
        try await harness.runAtHand { admissions, _ in
            switch obstacle {
            case .lostLease: break
            case .drain: harness.lease.drain(true)
            case .noSandbox: await harness.journal.wait(for: .startFailed)
            case .unwritableResults:
                harness.results.isWritable = false
                await harness.ledger.resultsHealth.suspect()
            }
            let taken = try await admissions.submit(.sample(id), pool: "python", level: .normal)
            #expect(taken == AdmittedExecution(id: id, isNew: true))
            await harness.journal.wait(for: .sent("python.normal"))
            // A worker that had waited for a delivery takes this one, and must not wait for ever.
            harness.engine.isDown = false
        }
        let sent = Journal.Entry.sent("python.normal")
        #expect(harness.journal.count(of: .claimed(id), before: sent) == 0)
    }

    @Test func whatThereIsNoRoomForWaitsInTheStoreAndRunsInItsTurn() async throws {
        let gate = Gate()
        let harness = WorkerHarness { _, _ in
            await gate.pass()
            return .success
        }
        try await harness.runAtHand(concurrency: 1) { admissions, _ in
            _ = try await admissions.submit(.sample(UUID()), pool: "python", level: .normal)
            _ = try await admissions.submit(.sample(id), pool: "python", level: .normal)
            #expect(harness.journal.entries.contains(.parked(id)))
            gate.open()
            await harness.journal.wait(for: .finished(id, .succeeded))
        }
        #expect(harness.broker.published.allSatisfy { $0.exchange != .submit })
    }

    @Test func whatWouldWaitBehindAFullWindowGoesToTheBroker() async throws {
        let gate = Gate()
        let harness = WorkerHarness { _, _ in
            await gate.pass()
            return .success
        }
        try await harness.runAtHand(concurrency: 1, window: 1) { admissions, _ in
            for _ in 0..<2 {
                _ = try await admissions.submit(.sample(UUID()), pool: "python", level: .normal)
            }
            _ = try await admissions.submit(.sample(id), pool: "python", level: .normal)
            await harness.journal.wait(for: .sent("python.normal"))
            #expect(!harness.journal.entries.contains(.parked(id)))
            gate.open()
            await harness.journal.wait(for: .finished(id, .succeeded))
        }
    }

    @Test func whatWasTakenBeforeAStopIsFinished() async throws {
        let gate = Gate()
        let harness = WorkerHarness { _, _ in
            await gate.pass()
            return .success
        }
        try await harness.runAtHand { admissions, group in
            _ = try await admissions.submit(.sample(id), pool: "python", level: .normal)
            await harness.journal.wait(for: .ran("work"))
            await group.triggerGracefulShutdown()
            gate.open()
        }
        #expect(try #require(await harness.store.execution(id)).state == .succeeded)
    }
}
