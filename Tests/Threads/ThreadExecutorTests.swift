import Glibc
import Synchronization
import Testing
import Threads

@Suite("ThreadExecutor", .timeLimit(.minutes(5)))
struct ThreadExecutorTests {
    @Test func everyJobOfAnActorRunsOnItsOneThread() async {
        let actor = Pinned()
        var threads: Set<pthread_t> = []
        for _ in 0..<100 { threads.insert(await actor.thread()) }
        #expect(threads.count == 1)
        #expect(!threads.contains(pthread_self()))
    }

    @Test func jobsOfManyTasksRunOneAtATimeAndNoneIsLost() async {
        let actor = Pinned()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<1_000 { group.addTask { await actor.increment() } }
        }
        #expect(await actor.count == 1_000)
    }

    @Test func aBlockedThreadDelaysNobodyElse() async {
        let blocked = Pinned()
        let gate = EventDescriptor()
        async let wait: Void = blocked.wait(for: gate)
        let other = Pinned()
        await other.increment()
        #expect(await other.count == 1)
        gate.signal()
        await wait
    }

    /// The last reference is often the one of the job that has just run.
    @Test func anExecutorMayEndOnItsOwnThread() async {
        for _ in 0..<1_000 {
            let actor = Pinned()
            await actor.increment()
        }
    }

    @Test func theThreadEndsWithItsExecutor() async {
        let parking = CountingParking()
        do {
            let actor = Pinned(parking: parking)
            await actor.increment()
        }
        await parking.released()
    }
}

private actor Pinned {
    private let executor: ThreadExecutor
    private(set) var count = 0

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    init(parking: any ThreadParking = EventDescriptor()) {
        executor = ThreadExecutor(name: "test", parking: parking)
    }

    func thread() -> pthread_t { pthread_self() }

    func increment() { count += 1 }

    func wait(for gate: EventDescriptor) { gate.park() }
}

/// Tells when nothing refers to it any more, so when the thread that parks on it is gone.
private final class CountingParking: ThreadParking {
    private final class Witness: Sendable {
        let continuation: AsyncStream<Never>.Continuation

        init(_ continuation: AsyncStream<Never>.Continuation) {
            self.continuation = continuation
        }
    }

    private let event = EventDescriptor()
    private let stream: AsyncStream<Never>
    private let ended: AsyncStream<Never>.Continuation

    init() {
        (stream, ended) = AsyncStream.makeStream()
    }

    func park() { event.park() }

    func unpark() {
        event.unpark()
        ended.finish()
    }

    func released() async {
        for await _ in stream {}
    }
}
