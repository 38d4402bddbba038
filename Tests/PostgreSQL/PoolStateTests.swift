import TestSupport
import Testing

@testable import PostgreSQL

@Suite("The state of a pool")
struct PoolStateTests {
    @Test(arguments: 0..<50)
    func aRandomWalkKeepsItsInvariants(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let limit = Int.random(in: 1...4, using: &random)
        var state = PoolState<Int, Int>(limit: limit)
        var leased: [Int] = []
        var waiting: [Int] = []
        var opened = 0
        for step in 0..<500 {
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<45:
                switch state.acquire(orEnqueue: step, id: step) {
                case .leased(let connection):
                    try #require(waiting.isEmpty)
                    if connection == nil { opened += 1 }
                    leased.append(connection ?? opened)
                case .mustWait: waiting.append(step)
                case .closed: try #require(state.isClosed)
                }
            case 45..<85 where !leased.isEmpty:
                let connection = leased.remove(at: Int.random(in: leased.indices, using: &random))
                let isBroken = Int.random(in: 0..<4, using: &random) == 0
                let waiter = state.release(isBroken ? nil : connection)
                try #require(waiter == waiting.first)
                if waiter != nil {
                    waiting.removeFirst()
                    if isBroken { opened += 1 }
                    leased.append(isBroken ? opened : connection)
                }
            case 85..<99 where !waiting.isEmpty:
                let id = waiting.remove(at: Int.random(in: waiting.indices, using: &random))
                try #require(state.removeWaiter(id) == id)
                try #require(state.removeWaiter(id) == nil)
            case 99 where step > 400:
                try #require(state.close() == waiting)
                waiting = []
            default: break
            }
            try #require(state.leaseCount == leased.count)
            try #require(state.leaseCount + state.idle.count <= limit)
            try #require(state.waiters.map(\.id) == waiting)
            try #require(waiting.isEmpty || state.leaseCount == limit)
            try #require(Set(state.idle + leased).count == state.idle.count + leased.count)
            try #require(!state.isClosed || (state.idle.isEmpty && waiting.isEmpty))
        }
    }

    @Test func theConnectionUsedLastIsLentFirst() {
        var state = PoolState<String, Int>(limit: 2)
        _ = state.acquire()
        _ = state.acquire()
        _ = state.release("first")
        _ = state.release("second")
        guard case .leased("second") = state.acquire() else {
            Issue.record("another connection was lent")
            return
        }
    }
}
