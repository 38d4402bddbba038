import SandmillEntity

/// A pool under load in a time of its own: sandboxes take half a second to start and a tenth to go,
/// programs take as long as they say, and it is inspected as its owner does.
struct SimulatedPool {
    /// What one tenant has queued in one level, as the worker shows it to the pool: a few at a time.
    struct Load {
        let tenant: String
        let level: Level
        let duration: Duration
        var cost = 1
        var remaining = Int.max
        var window = 4
        /// How long after the end of one it sends the next; nil sends it when one starts.
        var pause: Duration?
        var isolation = Isolation.tenant
    }

    /// A program that has started.
    struct Start: Equatable {
        let tenant: String
        let level: Level
        let asked: Duration
        let at: Duration
    }

    private enum Event {
        case started(SandboxPool.SandboxID)
        case gone(SandboxPool.SandboxID)
        case finished(SandboxPool.SandboxID, load: Int)
        case wanted(load: Int)
        case inspection
    }

    private struct Waiting {
        let load: Int
        let asked: Duration
    }

    private(set) var pool: SandboxPool
    private(set) var starts: [Start] = []
    private(set) var creationCount = 0
    private(set) var now = Duration.zero
    private var loads: [Load] = []
    private var shown: [Int] = []
    private var waiting: [SandboxPool.WaiterID: Waiting] = [:]
    private var events: [(at: Duration, event: Event)] = []

    init(spare: Int, maximum: Int, tenantMaximum: Int? = nil) {
        pool = SandboxPool(
            spare: spare,
            maximum: maximum,
            tenantMaximum: tenantMaximum,
            maximumUses: 1_000_000,
            maximumAge: .seconds(1_000_000),
            probeInterval: .seconds(1_000_000)
        )
        perform(pool.start())
        events.append((.zero, .inspection))
        run(for: .seconds(1))
    }

    /// Puts programs in the queue.
    mutating func add(_ load: Load) {
        loads.append(load)
        shown.append(0)
        showLoads()
    }

    mutating func run(for duration: Duration) {
        let end = now + duration
        while let index = events.indices.min(by: { events[$0].at < events[$1].at }),
            events[index].at <= end
        {
            let (time, event) = events.remove(at: index)
            now = time
            switch event {
            case .started(let id): perform(pool.didStart(id, at: now))
            case .gone(let id): perform(pool.didDestroy(id))
            case .finished(let id, let load):
                perform(pool.release(id, reusable: true, at: now))
                if let pause = loads[load].pause {
                    events.append((now + pause, .wanted(load: load)))
                }
            case .wanted(let load): shown[load] -= 1
            case .inspection:
                perform(pool.inspect(at: now))
                let isWaitedFor = pool.waiterCount > 0
                events.append((now + .milliseconds(isWaitedFor ? 100 : 1_000), .inspection))
            }
            showLoads()
        }
        now = end
    }

    /// What has started since then.
    func starts(since: Duration) -> [Start] { starts.filter { $0.at >= since } }

    private mutating func showLoads() {
        for index in loads.indices {
            while loads[index].remaining > 0, shown[index] < loads[index].window {
                let load = loads[index]
                loads[index].remaining -= 1
                shown[index] += 1
                let (waiter, actions) = pool.lease(
                    tenant: load.tenant,
                    memory: .usual,
                    isolation: load.isolation,
                    level: load.level,
                    cost: load.cost,
                    at: now
                )
                waiting[waiter] = Waiting(load: index, asked: now)
                perform(actions)
            }
        }
    }

    private mutating func perform(_ actions: [SandboxPool.Action]) {
        for action in actions {
            switch action {
            case .create(let id):
                creationCount += 1
                events.append((now + .milliseconds(500), .started(id)))
            case .destroy(let id):
                events.append((now + .milliseconds(100), .gone(id)))
            case .grant(let id, let waiter, _):
                guard let asker = waiting.removeValue(forKey: waiter) else { continue }
                let load = loads[asker.load]
                if load.pause == nil { shown[asker.load] -= 1 }
                starts.append(
                    Start(tenant: load.tenant, level: load.level, asked: asker.asked, at: now)
                )
                events.append((now + load.duration, .finished(id, load: asker.load)))
            case .probe:
                break
            }
        }
    }
}
