import Testing

@testable import SandmillService

@Suite("WorkerLease", .timeLimit(.minutes(5)))
struct WorkerLeaseTests {
    @Test func nothingRunsBeforeTheLeaseIsHeld() async {
        let lease = WorkerLease(trust: .seconds(600))
        let journal = Journal()
        await withDiscardingTaskGroup { group in
            group.addTask {
                await lease.whileHeld {
                    journal.note(.consuming)
                    await Gate().pass()
                }
            }
            // A body that started at once would have started by then.
            for _ in 0..<100 { await Task.yield() }
            #expect(journal.entries.isEmpty)
            lease.renew(at: .now)
            await journal.wait(for: .consuming)
            group.cancelAll()
        }
    }

    @Test func whatRunsIsCancelledWithTheLeaseAndRunsAgainAfterARenewal() async {
        let lease = WorkerLease(trust: .milliseconds(50))
        let journal = Journal()
        await withDiscardingTaskGroup { group in
            group.addTask {
                await lease.whileHeld {
                    journal.note(.consuming)
                    await Gate().pass()
                    journal.note(.stoppedConsuming)
                }
            }
            for count in 1...3 {
                while journal.count(of: .consuming) < count, !Task.isCancelled {
                    lease.renew(at: .now)
                    await Task.yield()
                }
                await journal.wait(for: .stoppedConsuming, times: count)
            }
            group.cancelAll()
        }
    }

    @Test func aRenewalThatWasAskedForLongAgoCountsFromThen() async {
        let lease = WorkerLease(trust: .seconds(15))
        lease.renew(at: .now - .seconds(20))
        let journal = Journal()
        let waiting = Task { await lease.whileHeld { journal.note(.consuming) } }
        for _ in 0..<100 { await Task.yield() }
        waiting.cancel()
        await waiting.value
        #expect(journal.entries.isEmpty)
    }

    @Test func aRenewalInTimeCancelsNothing() async {
        let lease = WorkerLease(trust: .milliseconds(100))
        lease.renew(at: .now)
        lease.renew(at: .now + .seconds(600))
        let journal = Journal()
        await lease.whileHeld {
            try? await ContinuousClock().sleep(for: .milliseconds(300))
            if Task.isCancelled { journal.note(.stoppedConsuming) }
        }
        #expect(journal.entries.isEmpty)
    }

    @Test func aDrainCancelsWhatRunsAtOnceAndUndoneItRunsAgain() async {
        let lease = WorkerLease(trust: .seconds(600))
        let journal = Journal()
        lease.renew(at: .now)
        await withDiscardingTaskGroup { group in
            group.addTask {
                await lease.whileHeld {
                    journal.note(.consuming)
                    await Gate().pass()
                    journal.note(.stoppedConsuming)
                }
            }
            for count in 1...3 {
                await journal.wait(for: .consuming, times: count)
                lease.drain(true)
                await journal.wait(for: .stoppedConsuming, times: count)
                // A renewal is no leave to take.
                lease.renew(at: .now)
                for _ in 0..<100 { await Task.yield() }
                #expect(journal.count(of: .consuming) == count)
                lease.drain(false)
            }
            await journal.wait(for: .consuming, times: 4)
            group.cancelAll()
        }
    }
}
