import Synchronization
import Testing

@testable import SandmillService

@Suite("GroupCommitter", .timeLimit(.minutes(5)))
struct GroupCommitterTests {
    @Test func itemsGatherWhileAGroupCommits() async throws {
        let log = CommitLog()
        let entered = Gate()
        let gate = Gate()
        let committer = GroupCommitter<Int, Int>(clock: HastyClock()) { items in
            log.append(items)
            entered.open()
            if items == [0] { await gate.pass() }
            return items
        }
        try await running(committer) { tasks in
            tasks.addTask { _ = try await committer.submit(0) }
            await entered.pass()
            for item in 1...100 { tasks.addTask { _ = try await committer.submit(item) } }
            while await committer.waitingCount < 100, !Task.isCancelled { await Task.yield() }
            gate.open()
        }
        #expect(log.groups.count == 2)
        #expect(log.groups.last.map { Set($0) } == Set(1...100))
    }

    @Test func aGroupLingersForMoreWhileThereIsABacklog() async throws {
        let log = CommitLog()
        let clock = HeldClock()
        let backlog = Backlog()
        let committer = GroupCommitter<Int, Int>(
            linger: .milliseconds(30),
            backlog: backlog,
            clock: clock
        ) { items in
            log.append(items)
            return items
        }
        try await running(committer) { tasks in
            await backlog.counting {
                tasks.addTask { _ = try await committer.submit(0) }
                await clock.sleeper.pass()
                for item in 1...9 { tasks.addTask { _ = try await committer.submit(item) } }
                while await committer.waitingCount < 10, !Task.isCancelled { await Task.yield() }
                clock.release.open()
                while log.groups.isEmpty, !Task.isCancelled { await Task.yield() }
            }
        }
        #expect(log.groups.map(Set.init) == [Set(0...9)])
    }

    @Test func aGroupIsNoLargerThanItsBytesAllowAndWhatDoesNotFitLetsSmallerOnesPass() async throws
    {
        let log = CommitLog()
        let committer = GroupCommitter<Int, Int>(size: \.mebibytes) { items in
            log.append(items)
            return items
        }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for size in [3, 3, 3, 10, 1] {
                let waiting = await committer.waitingCount
                tasks.addTask { _ = try await committer.submit(size) }
                while await committer.waitingCount == waiting, !Task.isCancelled {
                    await Task.yield()
                }
            }
            await committer.finish()
            await committer.run()
            try await tasks.waitForAll()
        }
        #expect(log.groups == [[3, 3, 1], [3], [10]])
    }

    @Test func whoMayNotBeKeptWaitingHearsThatTheStoreIsAway() async throws {
        let committer = GroupCommitter<Int, Int>(
            patience: .milliseconds(1),
            clock: HastyClock()
        ) { _ throws(StoreError) in throw StoreError(.unavailable, "away") }
        try await running(committer) { _ in
            let error = await #expect(throws: StoreError.self) { try await committer.submit(1) }
            #expect(error?.message == "away")
        }
    }

    @Test func nothingWaitsWithoutABacklog() async throws {
        let committer = GroupCommitter<Int, Int>(
            linger: .seconds(3_600),
            backlog: Backlog()
        ) { $0 }
        try await running(committer) { tasks in
            tasks.addTask { _ = try await committer.submit(0) }
        }
    }

    @Test func aGroupIsNoLargerThanTheLimit() async throws {
        let log = CommitLog()
        let committer = GroupCommitter<Int, Int>(limit: 10) { items in
            log.append(items)
            return items
        }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for item in 0..<95 { tasks.addTask { _ = try await committer.submit(item) } }
            while await committer.waitingCount < 95, !Task.isCancelled { await Task.yield() }
            await committer.finish()
            await committer.run()
            try await tasks.waitForAll()
        }
        #expect(log.groups.map(\.count) == Array(repeating: 10, count: 9) + [5])
    }

    @Test func everyItemGetsItsOwnOutcome() async throws {
        let committer = GroupCommitter<Int, Int> { $0.map { $0 * 2 } }
        try await running(committer) { tasks in
            for item in 0..<500 {
                tasks.addTask {
                    let outcome = try await committer.submit(item)
                    #expect(outcome == item * 2)
                }
            }
        }
    }

    @Test func oneItemThatCannotBeStoredFailsNoOther() async throws {
        let log = CommitLog()
        let committer = GroupCommitter<Int, Void>(clock: HastyClock()) { items throws(StoreError) in
            if items.contains(77) { throw StoreError(.unstorable, "77") }
            log.append(items)
            return items.map { _ in }
        }
        let failed = await withTaskGroup(of: Int?.self) { tasks in
            for item in 0..<256 {
                tasks.addTask {
                    (try? await committer.submit(item)) == nil ? item : nil
                }
            }
            while await committer.waitingCount < 256, !Task.isCancelled { await Task.yield() }
            await committer.finish()
            await committer.run()
            return await tasks.reduce(into: [Int]()) { failed, item in
                if let item { failed.append(item) }
            }
        }
        #expect(log.groups.joined().sorted() == (0..<256).filter { $0 != 77 })
        #expect(failed == [77])
    }

    @Test(arguments: [StoreError.Code.rowLocked, .internal])
    func oneItemThatIsRefusedForAWhileKeepsNoOtherWaiting(code: StoreError.Code) async throws {
        let log = CommitLog()
        let isRefused = Mutex(true)
        let committer = GroupCommitter<Int, Int>(clock: HastyClock()) { items throws(StoreError) in
            if items.contains(77), isRefused.withLock({ $0 }) { throw StoreError(code, "77") }
            log.append(items)
            return items
        }
        try await running(committer) { tasks in
            // All of its group, and what comes while it waits.
            for range in [0..<256, 256..<300] {
                let others = range.filter { $0 != 77 }
                if range.contains(77) { tasks.addTask { _ = try await committer.submit(77) } }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for item in others { group.addTask { _ = try await committer.submit(item) } }
                    try await group.waitForAll()
                }
            }
            #expect(!log.groups.joined().contains(77))
            isRefused.withLock { $0 = false }
        }
        #expect(log.groups.joined().sorted() == Array(0..<300))
    }

    @Test(arguments: [StoreError.Code.unavailable, .accessRefused, .schemaMismatch])
    func aStoreThatRefusesForAWhileIsWaitedForInOneGroup(code: StoreError.Code) async throws {
        let log = CommitLog()
        let failures = Countdown(5)
        let committer = GroupCommitter<Int, Int>(clock: HastyClock(speed: 1_000)) {
            items throws(StoreError) in
            log.append(items)
            if failures.strike() { throw StoreError(code, "away") }
            return items
        }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for item in 0..<100 { tasks.addTask { _ = try await committer.submit(item) } }
            while await committer.waitingCount < 100, !Task.isCancelled { await Task.yield() }
            await committer.finish()
            await committer.run()
            try await tasks.waitForAll()
        }
        #expect(log.groups.map(\.count) == Array(repeating: 100, count: 6))
    }

    @Test func whoMayNotBeKeptWaitingHearsThatARowIsLocked() async throws {
        let committer = GroupCommitter<Int, Int>(
            patience: .milliseconds(1),
            clock: HastyClock()
        ) { _ throws(StoreError) in throw StoreError(.rowLocked, "locked") }
        try await running(committer) { _ in
            let error = await #expect(throws: StoreError.self) { try await committer.submit(1) }
            #expect(error?.code == .rowLocked)
        }
    }

    @Test func finishSettlesWhatWasHandedOver() async throws {
        let log = CommitLog()
        let committer = GroupCommitter<Int, Int> { items in
            log.append(items)
            return items
        }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { _ = try await committer.submit(1) }
            while await committer.waitingCount < 1, !Task.isCancelled { await Task.yield() }
            await committer.finish()
            await committer.run()
            try await tasks.waitForAll()
        }
        #expect(log.groups == [[1]])
    }

    @Test func afterFinishNothingIsTaken() async {
        let committer = GroupCommitter<Int, Int> { $0 }
        await committer.finish()
        await #expect(throws: StoreError(.unavailable, "the worker has stopped")) {
            try await committer.submit(1)
        }
    }

    @Test(arguments: [StoreError.Code.unavailable, .rowLocked])
    func cancellationFailsWhatCannotBeCommitted(code: StoreError.Code) async {
        let entered = Gate()
        let committer = GroupCommitter<Int, Int>(clock: HastyClock()) { _ throws(StoreError) in
            entered.open()
            throw StoreError(code, "away")
        }
        await withTaskGroup(of: Void.self) { tasks in
            let run = Task { await committer.run() }
            tasks.addTask {
                await #expect(throws: StoreError.self) { try await committer.submit(1) }
            }
            await entered.pass()
            run.cancel()
            await run.value
        }
    }

    @Test func cancellationEndsAnIdleCommitter() async {
        let committer = GroupCommitter<Int, Int> { $0 }
        let run = Task { await committer.run() }
        run.cancel()
        await run.value
    }

    /// Runs a committer while `body` submits, then until all of that is settled.
    private func running<Item, Outcome>(
        _ committer: GroupCommitter<Item, Outcome>,
        _ body: (inout ThrowingTaskGroup<Void, any Error>) async throws -> Void
    ) async throws {
        let run = Task { await committer.run() }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            try await body(&tasks)
            try await tasks.waitForAll()
        }
        await committer.finish()
        await run.value
    }
}

private final class CommitLog: Sendable {
    private let state = Mutex<[[Int]]>([])

    var groups: [[Int]] { state.withLock { $0 } }

    func append(_ group: [Int]) {
        state.withLock { $0.append(group) }
    }
}

/// A clock on which a sleeper says that it sleeps, and wakes when it is released.
private struct HeldClock: Clock {
    let sleeper = Gate()
    let release = Gate()
    var now: ContinuousClock.Instant { .now }
    let minimumResolution: Duration = .zero

    func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {
        sleeper.open()
        await release.pass()
    }
}

extension Int {
    fileprivate var mebibytes: Int { self << 20 }
}
