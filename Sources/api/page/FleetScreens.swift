internal import FoundationEssentials
internal import SandmillEntity
internal import SandmillService

/// `/ui/workers` and `/ui/queues`: what an installation works with, and what waits where.
struct FleetScreens: Sendable {
    /// The most tenants that are shown.
    private static let laneLimit = 200

    let monitoring: Monitoring
    let fleet: FleetRoutes
    let sandboxes: SharedReading<[SandboxRecord]>

    // MARK: - Workers

    private struct WorkersView: Sendable {
        struct Worker: Sendable {
            let id: String
            let state: String
            let version: String
            let since: PageTime
            let slots: String
            let sandboxes: String
            let runtimes: String
            let running: Int
            let claimed: Int
            let drain: String?
        }
        struct Sandbox: Sendable {
            let container: String
            let worker: String
            let pool: String
            let state: String
            let tenant: String
            let uses: String
            let memory: String
            let execution: String?
            let shortExecution: String
        }

        let csrf: String
        let workers: [Worker]
        let sandboxes: [Sandbox]
    }

    func workers(_ visit: Page.Visit) async throws -> Page.Screen {
        let workers = try await fleet.workers.value()
        let sandboxes = try await sandboxes.value()
        let view = WorkersView(
            csrf: visit.formToken,
            workers: workers.map { worker in
                WorkersView.Worker(
                    id: worker.id,
                    state: worker.state.rawValue,
                    version: worker.version,
                    since: PageTime(worker.registeredAt),
                    slots: PageFormat.text(worker.slots.values.reduce(0, +)),
                    sandboxes: PageFormat.text(worker.sandboxes.values.reduce(0, +)),
                    runtimes: worker.runtimes.words,
                    running: worker.running,
                    claimed: worker.claimed,
                    drain: worker.state == .lost
                        ? nil : worker.drainingSince == nil ? "Drain" : "Take again"
                )
            },
            sandboxes: sandboxes.map { sandbox in
                WorkersView.Sandbox(
                    container: String((sandbox.container ?? "").prefix(12)),
                    worker: sandbox.worker,
                    pool: sandbox.pool,
                    state: sandbox.state,
                    tenant: sandbox.tenant ?? "",
                    uses: PageFormat.text(sandbox.uses),
                    memory: PageFormat.text(sandbox.memory),
                    execution: sandbox.execution?.text,
                    shortExecution: sandbox.execution.map { PageFormat.short($0) } ?? ""
                )
            }
        )
        return Page.Screen("Workers", .workers, view, isLive: true)
    }

    /// Asks a worker to take nothing more, or to take again.
    func drain(_ form: PageForm, for visit: Page.Visit) async throws {
        let isWanted = form["drain"] == "Drain"
        guard let worker = form["worker"], Name.isValid(worker) else {
            throw Problem.unknown("worker")
        }
        let record = try await fleet.drains.drain(
            worker: worker,
            isWanted: isWanted,
            by: visit.caller.name
        )
        guard record != nil else { throw Problem.unknown("worker") }
    }

    // MARK: - Queues

    private struct QueuesView: Sendable {
        struct Queue: Sendable {
            let name: String
            let ready: String
            let unacknowledged: String
            let consumers: Int
        }
        struct Lane: Sendable {
            let pool: String
            let level: String
            let tenant: String
            let waiting: String
            let oldest: String
        }

        let broker: [Queue]
        let brokerFailure: String
        let store: [Lane]
    }

    func queues(_ visit: Page.Visit) async throws -> Page.Screen {
        let queues = try? await monitoring.queues.value()
        let workers = try await fleet.workers.value()
        let lanes = try await fleet.lanes.value()
        let view = QueuesView(
            broker: (queues ?? []).map { queue in
                let open = workers.reduce(0) { $0 + ($1.unacknowledged[queue.name] ?? 0) }
                return QueuesView.Queue(
                    name: queue.name,
                    ready: PageFormat.text(queue.ready),
                    unacknowledged: PageFormat.text(open),
                    consumers: queue.consumers
                )
            },
            brokerFailure: queues == nil
                ? "The broker cannot be reached."
                : "The broker has no queues of this installation.",
            store: lanes.prefix(Self.laneLimit)
                .map { lane in
                    QueuesView.Lane(
                        pool: lane.pool,
                        level: lane.level.rawValue,
                        tenant: lane.tenant,
                        waiting: PageFormat.text(lane.count),
                        oldest: PageFormat.text(lane.oldest)
                    )
                }
        )
        return Page.Screen("Queues", .queues, view, isLive: true)
    }
}
