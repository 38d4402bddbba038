import FoundationEssentials
import SandmillEntity
import Testing

@testable import SandmillService

@Suite("OpenDrafts", .timeLimit(.minutes(5)))
struct LiveOutputStagerTests {
    @Test func onlyWhatWasOpenAtTheLastTickAlreadyIsStaged() async throws {
        let journal = Journal()
        let results = InMemoryResults(journal: journal)
        let long = results.begin(execution: UUID(), attempt: 1, day: .now)
        let short = results.begin(execution: UUID(), attempt: 1, day: .now)
        let (drafts, clock) = (LiveOutputStager(), TickingClock())
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await drafts.run(clock: clock) }
            await clock.waitForSleep()
            await drafts.keepingStaged(long) {
                await drafts.keepingStaged(short) { await clock.tick() }
                #expect(journal.entries.isEmpty)
                await clock.tick()
                #expect(journal.entries == [.staged(results: long.path)])
            }
            await clock.tick()
            group.cancelAll()
        }
        #expect(journal.entries == [.staged(results: long.path)])
    }

    @Test func theOutputOfAProgramThatRunsIsStaged() async throws {
        let (id, gate) = (UUID(), Gate())
        let harness = WorkerHarness { _, receive in
            try await receive(.stream(.stdout, Array("ok\n".utf8)))
            await gate.pass()
            return .success
        }
        try await harness.run { _ in
            harness.broker.deliver(.sample(id))
            await harness.journal.wait(for: .staged(results: "day/\(id.text)/1"))
            gate.open()
            await harness.journal.wait(for: .finished(id, .succeeded))
        }
    }
}

/// A clock that stands still until it is told to tick; one task sleeps by it.
private struct TickingClock: Clock {
    typealias Instant = ContinuousClock.Instant

    private let ticks = AsyncStream<Void>.makeStream()
    private let sleeps = AsyncStream<Void>.makeStream()

    var now: Instant { ContinuousClock().now }

    var minimumResolution: Duration { ContinuousClock().minimumResolution }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        sleeps.continuation.yield()
        for await _ in ticks.stream { return }
        throw CancellationError()
    }

    /// Waits until the task sleeps.
    func waitForSleep() async {
        for await _ in sleeps.stream { return }
    }

    /// Wakes the task and waits until it sleeps again.
    func tick() async {
        ticks.continuation.yield()
        await waitForSleep()
    }
}
