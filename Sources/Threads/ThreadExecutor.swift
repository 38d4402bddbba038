internal import CLinux
internal import Glibc
internal import Synchronization

/// A thread of its own for an actor whose calls block: the actor's `SerialExecutor`.
///
/// Blocking calls on the shared pool stall every other task, so each blocking C connection gets a
/// thread. The thread runs jobs in the order of their arrival and sleeps in its
/// ``ThreadParking`` when there is none.
///
/// ```swift
/// actor Connection {
///     private let executor: ThreadExecutor
///     nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
/// }
/// ```
///
/// The thread ends when the last reference to the executor is gone; a queued job holds one. An
/// actor must keep its executor for as long as it lives.
public final class ThreadExecutor: SerialExecutor {
    /// Whatever `ulimit -s` says: a C library may recurse as deep as its input is nested.
    private static let stackSize = 8 << 20

    private let loop: JobLoop

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - name: What the thread is called in `top -H` and debuggers; Linux keeps 15 bytes.
    ///   - parking: Where it sleeps; by default on an event of its own.
    public init(name: String, parking: any ThreadParking = EventDescriptor()) {
        loop = JobLoop(parking: parking)
        Self.startThread(name: name, running: loop)
    }

    deinit {
        loop.stop()
    }

    /// Queues a job; any thread may call it.
    public func enqueue(_ job: consuming ExecutorJob) {
        loop.enqueue(UnownedJob(job), on: self)
    }

    /// What an actor returns as its `unownedExecutor`.
    public func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        unsafe UnownedSerialExecutor(ordinary: self)
    }

    /// Whether the caller runs on this executor's thread.
    public var isCurrentThread: Bool {
        loop.isCurrentThread
    }

    /// Ends the process when the caller is on another thread.
    public func checkIsolated() {
        precondition(isCurrentThread, "this code belongs on the thread of its connection")
    }

    private static func startThread(name: String, running loop: JobLoop) {
        let start = ThreadStart(name: name, loop: loop)
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        unsafe pthread_attr_setstacksize(&attributes, stackSize)
        let code = unsafe pthread_create(
            &thread,
            &attributes,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let start = unsafe Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
                _ = unsafe sandmill_name_this_thread(start.name)
                start.loop.run()
                return nil
            },
            Unmanaged.passRetained(start).toOpaque()
        )
        unsafe pthread_attr_destroy(&attributes)
        precondition(code == 0, "pthread_create failed: no thread is left")
        pthread_detach(thread)
    }
}

private final class ThreadStart: Sendable {
    let name: String
    let loop: JobLoop

    init(name: String, loop: JobLoop) {
        self.name = name
        self.loop = loop
    }
}

/// The queue and the thread's main function; outlives the executor until the thread has ended.
private final class JobLoop: Sendable {
    private struct Job {
        let job: UnownedJob
        let executor: ThreadExecutor
    }

    private struct State {
        var jobs: [Job] = []
        var isParked = false
        var isStopped = false
        var thread: pthread_t?
    }

    private let state = Mutex(State())
    private let parking: any ThreadParking

    init(parking: any ThreadParking) {
        self.parking = parking
    }

    var isCurrentThread: Bool {
        state.withLock { $0.thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
    }

    func enqueue(_ job: UnownedJob, on executor: ThreadExecutor) {
        let mustUnpark = state.withLock { state in
            state.jobs.append(Job(job: job, executor: executor))
            defer { state.isParked = false }
            return state.isParked
        }
        if mustUnpark { parking.unpark() }
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        parking.unpark()
    }

    func run() {
        state.withLock { $0.thread = pthread_self() }
        var batch: [Job] = []
        while true {
            let isOver = state.withLock { state in
                swap(&batch, &state.jobs)
                state.isParked = batch.isEmpty
                return batch.isEmpty && state.isStopped
            }
            if isOver { return }
            if batch.isEmpty {
                parking.park()
            } else {
                for job in batch {
                    unsafe job.job.runSynchronously(on: job.executor.asUnownedSerialExecutor())
                }
                // Outside the lock: it may end the executor, which calls stop().
                batch.removeAll(keepingCapacity: true)
            }
        }
    }
}
