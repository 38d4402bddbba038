import FoundationEssentials
import SandmillEntity
import ServiceLifecycleTestKit
import Testing

@testable import SandmillService

@Suite("Relay", .timeLimit(.minutes(1)))
struct RelayTests {
    private let journal = Journal()
    private let broker: FakeBroker
    private let store: InMemoryStore
    private let relay: Relay

    init(speed: Double = 1_000) {
        broker = FakeBroker(journal: journal)
        store = InMemoryStore(journal: journal, speed: speed)
        relay = Relay(
            worker: "w1",
            outbox: store,
            publisher: broker,
            clock: HastyClock(),
            logger: .silent
        )
    }

    @Test func whatIsSentIsPublishedAndRemoved() async throws {
        let rows = try await finishedRows(3)
        await relay.send(rows)
        try await shutDown { await journal.wait(times: 3) { $0.isSent } }
        #expect(await store.outbox.isEmpty)
        #expect(broker.published == rows.map(\.message))
    }

    @Test func whatWaitsAtAShutdownIsStillPublished() async throws {
        await relay.send(try await finishedRows(3))
        try await shutDown {}
        #expect(broker.published.count == 3)
    }

    @Test func aRowThatNobodyHoldsIsFoundAndPublished() async throws {
        _ = try await finishedRows(1)
        try await shutDown { await journal.wait { $0.isSent } }
        #expect(await store.outbox.isEmpty)
    }

    @Test func aMessageThatWasNotConfirmedIsSentAgain() async throws {
        broker.answer([.unconfirmed("nack")])
        let rows = try await finishedRows(1)
        await relay.send(rows)
        try await shutDown { await journal.wait { $0.isSent } }
        #expect(broker.published == rows.map(\.message))
    }

    @Test func aMessageThatWasNotConfirmedIsGivenBackBeforeItsLeaseHasEnded() async throws {
        let still = RelayTests(speed: 0)
        still.broker.answer([.unconfirmed("nack")])
        await still.relay.send(try await still.finishedRows(1))
        try await still.shutDown {}
        #expect(await still.store.outbox.map(\.leasedUntil) == [nil])
    }

    @Test func aMessageThatNobodyWantsIsSettled() async throws {
        broker.answer([.unroutable])
        await relay.send(try await finishedRows(1))
        try await shutDown {}
        #expect(await store.outbox.isEmpty)
    }

    @Test func aRowThatCouldNotBeRemovedIsRemovedLater() async throws {
        let rows = try await finishedRows(1)
        await store.failRemoving(with: [StoreError(.unavailable, "away")])
        await relay.send(rows)
        try await shutDown { await journal.wait(for: .removeFailed) }
        #expect(Set(broker.published.map(\.properties.messageID)).count == 1)
        #expect(await store.outbox.isEmpty)
    }

    @Test func bodiesBeyondTheBufferAreLeftToALaterSweep() async throws {
        var rows = try await finishedRows(1)
        rows[0].message.body = [UInt8](repeating: 0, count: 100 << 20)
        for _ in 0..<3 { await relay.send(rows) }
        try await shutDown { await journal.wait { $0.isSent } }
        #expect(broker.published.count == 1)
    }

    @Test func rowsBeyondTheBufferAreLeftToALaterSweep() async throws {
        let rows = try await finishedRows(1)
        await relay.send(Array(repeating: rows[0], count: 5_000))
        try await shutDown { await journal.wait { $0.isSent } }
        #expect(broker.published.count == 1)
    }

    private func finishedRows(_ count: Int) async throws -> [OutboxMessage] {
        var rows: [OutboxMessage] = []
        for _ in 0..<count {
            let claim = try Claim.sample(.sample(UUID()))
            guard case .claimed(let grant)? = try await store.claim([claim]).first else {
                continue
            }
            rows += try await store.finish([.sample(claim, attempt: grant.attempt)])
        }
        return rows
    }

    /// Runs the relay while `body` does, then shuts it down and waits for its end.
    private func shutDown(after body: @Sendable () async throws -> Void) async throws {
        try await testGracefulShutdown { trigger in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { [relay] in try await relay.run() }
                try await body()
                trigger.triggerGracefulShutdown()
                try await group.waitForAll()
            }
        }
    }
}

extension Journal.Entry {
    fileprivate var isSent: Bool {
        if case .sent = self { true } else { false }
    }
}
