import SandmillService
import Synchronization
import Testing

/// What many ask for is read once for all of them.
@Suite struct SharedReadingTests {
    private final class Source: Sendable {
        private let state = Mutex((reads: 0, isAway: false))

        var reads: Int { state.withLock { $0.reads } }

        func goAway() { state.withLock { $0.isAway = true } }

        func read() throws -> Int {
            try state.withLock { state in
                state.reads += 1
                if state.isAway { throw StoreError(.unavailable, "away") }
                return state.reads
            }
        }
    }

    @Test func manyWhoAskAtOnceCostOneReading() async throws {
        let source = Source()
        let reading = SharedReading { try source.read() }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<100 { group.addTask { try await reading.value() } }
            for try await value in group { #expect(value <= 2) }
        }
        // A machine that is slow may need more than a second for them.
        #expect(source.reads <= 2)
    }

    @Test func whatCannotBeReadIsNotMadeUp() async throws {
        let source = Source()
        let reading = SharedReading { try source.read() }
        #expect(try await reading.value() == 1)
        source.goAway()
        while source.reads < 2 { _ = try? await reading.value() }
        await #expect(throws: StoreError.self) { _ = try await reading.value() }
    }
}
