import SandmillEntity
import SandmillService
import Testing

/// What a pool has to do is counted once, wherever it waits.
@Suite struct DemandTests {
    private static func census(_ executions: [QueueStatistics.Executions]) -> QueueStatistics {
        QueueStatistics(
            executions: executions,
            sandboxes: [],
            outbox: 0,
            deadLetters: [:],
            workers: 0
        )
    }

    private static func queue(_ ready: Int, _ level: Level = .normal) -> BrokerQueue {
        BrokerQueue(name: "q", pool: "python", level: level, ready: ready, consumers: 0)
    }

    @Test func withoutAWorkerEverythingWaitsInTheBroker() {
        let demand = Demand(of: "python", Self.census([]), [Self.queue(7), Self.queue(2, .high)])
        #expect(demand.waiting == 9)
        #expect(demand.total == 9)
        #expect(demand.brokerReady == 9)
    }

    @Test func withWorkersItWaitsInTheStore() {
        let census = Self.census([
            .init(pool: "python", level: .normal, state: .queued, count: 40, claimed: 5),
            .init(pool: "python", level: .low, state: .running, count: 3),
            .init(pool: "other", level: .low, state: .queued, count: 100),
        ])
        let demand = Demand(of: "python", census, [Self.queue(0)])
        #expect((demand.waiting, demand.running, demand.total) == (40, 3, 43))
        #expect(demand.claimed == 5)
    }

    @Test func aMessageAndTheRowThatWaitsForItAreOne() {
        let census = Self.census([
            .init(pool: "python", level: .normal, state: .queued, count: 12, awaited: 10)
        ])
        #expect(Demand(of: "python", census, [Self.queue(10)]).waiting == 12)
        #expect(Demand(of: "python", census, [Self.queue(25)]).waiting == 27)
        // What is still in the outbox, or was lost, is to be run too.
        #expect(Demand(of: "python", census, [Self.queue(0)]).waiting == 12)
    }

    @Test func whatMayNotStartIsNoDemand() {
        let census = Self.census([
            .init(pool: "python", level: .normal, state: .queued, count: 9, deferred: 8)
        ])
        #expect(Demand(of: "python", census, []).total == 1)
    }

    @Test func aBatchThatNobodyHasReadWakesEachPool() {
        let batches = BrokerQueue(name: "b", hasBatches: true, ready: 1, consumers: 0)
        #expect(Demand(of: "python", Self.census([]), [batches]).total == 1)
    }
}
