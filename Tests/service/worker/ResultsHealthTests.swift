import FoundationEssentials
import SandmillEntity
import Synchronization
import TestSupport
import Testing

@testable import SandmillService

@Suite(.timeLimit(.minutes(5))) struct ResultsHealthTests {
    private let journal = Journal()

    @Test func roomIsAskedForAllResultsThatHadNone() async throws {
        let results = InMemoryResults(journal: journal)
        let health = ResultsHealth(results, logger: .silent)
        #expect(await health.isWritable())
        #expect(results.rooms.isEmpty, "nothing is checked without doubt")
        results.isWritable = false
        await health.suspect(.kibibytes(400))
        await health.suspect(.kibibytes(300))
        #expect(await health.isWritable() == false)
        results.isWritable = true
        #expect(await health.failure() == nil)
        #expect(await health.isWritable())
        await health.suspect()
        await health.waitUntilWritable()
        #expect(results.rooms == [.kibibytes(700), .kibibytes(700), .zero])
    }

    @Test func doubtThatIsRaisedDuringACheckOutlivesIt() async throws {
        let (gate, entered) = (Gate(), Gate())
        let results = SlowResults(InMemoryResults(journal: journal), entered, gate)
        let health = ResultsHealth(results, logger: .silent)
        await health.suspect(.kibibytes(1))
        async let isWritable = health.isWritable()
        await entered.pass()
        await health.suspect(.kibibytes(2))
        results.store.isWritable = false
        gate.open()
        #expect(await isWritable == false)
        results.store.isWritable = true
        await health.waitUntilWritable()
        #expect(results.store.rooms.last == .kibibytes(3))
    }

    @Test func manyWhoAskShareACheck() async throws {
        let results = InMemoryResults(journal: journal)
        let health = ResultsHealth(results, logger: .silent)
        await health.suspect()
        await withDiscardingTaskGroup { group in
            for _ in 0..<100 { group.addTask { #expect(await health.isWritable()) } }
        }
        #expect(results.rooms == [.zero])
    }
}

/// A store whose first check succeeds only when it may.
private final class SlowResults: ResultsStore {
    let store: InMemoryResults
    private let entered: Gate
    private let gate: Gate
    private let isFirst = Mutex(true)

    init(_ store: InMemoryResults, _ entered: Gate, _ gate: Gate) {
        (self.store, self.entered, self.gate) = (store, entered, gate)
    }

    func begin(execution: UUID, attempt: Int, day: Date) -> any ResultDraft {
        store.begin(execution: execution, attempt: attempt, day: day)
    }

    func publish(_ results: [FinishedResult]) async -> [Result<Void, ResultsError>] {
        await store.publish(results)
    }

    func checkWritable(room: ByteCount) async throws(ResultsError) {
        let isFirst = isFirst.withLock { first in
            defer { first = false }
            return first
        }
        guard isFirst else { return try await store.checkWritable(room: room) }
        entered.open()
        await gate.pass()
    }
}
