import FoundationEssentials
import SandmillEntity
import ServiceLifecycle
import ServiceLifecycleTestKit
import StoreConformance
import TestSupport
import Testing

@testable import SandmillService

@Suite("Relay", .timeLimit(.minutes(5)))
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

    @Test func aMessageThatTheBrokerRefusesIsSetAside() async throws {
        broker.answer([.refused("too odd")])
        let rows = try await finishedRows(2)
        await relay.send(rows)
        try await shutDown { await journal.wait { $0.isSent } }
        #expect(await store.outbox.isEmpty)
        #expect(broker.published == [rows[1].message])
        let letter = try #require(await store.letters.first)
        #expect(letter.errorType == "unpublishable")
        #expect(letter.reason == "too odd")
        #expect(letter.exchange == rows[0].message.exchange)
        #expect(letter.body == rows[0].message.body)
    }

    @Test func aMessageThatIsRejectedTooOftenIsSetAside() async throws {
        // More than it needs: a lease that ends on a busy machine has a message sent by two.
        broker.answer(Array(repeating: .rejected("full"), count: 1_000))
        await relay.send(try await finishedRows(1))
        try await shutDown { await journal.wait(for: .kept("unpublishable")) }
        #expect(await store.outbox.isEmpty)
        #expect(broker.published.isEmpty)
    }

    @Test func anExecutionWhoseMessageIsRefusedIsTakenFromTheStore() async throws {
        broker.answer([.refused("too odd")])
        var claim = try Claim.sample(.sample(UUID()))
        claim.intent = .queue
        guard case .queued(let row)? = try await store.claim([claim]).first else {
            Issue.record("not queued")
            return
        }
        await relay.send([row])
        try await shutDown {}
        #expect(await store.outbox.isEmpty)
        #expect(await store.letters.isEmpty)
        #expect(try await store.parked(pool: "python", upTo: 10).values.map(\.count) == [1])
    }

    @Test func aRowThatIsLeasedToTheRelayWithoutItsKnowingIsPublishedSoon() async throws {
        // Its lease lasts for as long as nothing ends it: the clock of the store all but stands still.
        let still = RelayTests(speed: 0.001)
        _ = try await still.finishedRows(1)
        await still.store.advance(by: .seconds(4))
        try await still.shutDown { await still.journal.wait { $0.isSent } }
        #expect(await still.store.outbox.isEmpty)
    }

    @Test func aRowThatASweepHasJustLeasedIsPublishedBeforeTheEnd() async throws {
        let still = RelayTests(speed: 0.001)
        let slow = SlowOutbox(outbox: still.store)
        let relay = Relay(
            worker: "w2",
            outbox: slow,
            publisher: still.broker,
            clock: HastyClock(),
            logger: .silent
        )
        _ = try await still.finishedRows(1)
        await still.store.advance(by: .seconds(60))
        try await testGracefulShutdown { trigger in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await relay.run() }
                await slow.waitUntilLeased()
                trigger.triggerGracefulShutdown()
                try await group.waitForAll()
            }
        }
        #expect(still.broker.published.count == 1)
        #expect(await still.store.outbox.isEmpty)
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

/// An outbox whose first rows come when the relay is to stop.
private struct SlowOutbox: Outbox {
    let outbox: any Outbox
    private let leased = Gate()

    init(outbox: any Outbox) {
        self.outbox = outbox
    }

    func waitUntilLeased() async {
        await leased.pass()
    }

    func lease(
        by worker: String,
        holding held: Set<Int64>,
        limit: Int
    ) async throws(StoreError) -> [OutboxMessage] {
        let rows = try await outbox.lease(by: worker, holding: held, limit: limit)
        guard !rows.isEmpty else { return rows }
        leased.open()
        try? await gracefulShutdown()
        // The relay has heard of it by then.
        for _ in 0..<1_000 { await Task.yield() }
        return rows
    }

    func release(_ ids: [Int64], by worker: String) async throws(StoreError) {
        try await outbox.release(ids, by: worker)
    }

    func postpone(
        _ ids: [Int64],
        by worker: String
    ) async throws(StoreError) -> [Int64: Int] {
        try await outbox.postpone(ids, by: worker)
    }

    func remove(_ ids: [Int64]) async throws(StoreError) {
        try await outbox.remove(ids)
    }

    func setAside(
        _ messages: [(row: OutboxMessage, reason: String)]
    ) async throws(StoreError) {
        try await outbox.setAside(messages)
    }
}
