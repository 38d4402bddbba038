internal import HTTPTypes
internal import Hummingbird
internal import SandmillEntity
internal import SandmillService

/// `/workers`, `/pools`, `/queues` and `/scaler/{pool}`: what an installation works with, and what there is to do.
///
/// What names no tenant is for everybody who has a token; workers are for those who operate.
struct FleetRoutes: Sendable {
    let monitoring: Monitoring
    let workers: SharedReading<[WorkerRecord]>
    let lanes: SharedReading<[WaitingLane]>
    let drains: WorkerDrains

    init(
        monitoring: Monitoring,
        directory: any WorkerDirectory,
        lanes: any WaitingLaneSource,
        relay: Relay?,
        audit: any AuditLog
    ) {
        self.monitoring = monitoring
        workers = SharedReading { try await directory.workers() }
        self.lanes = SharedReading { try await lanes.waitingLanes(limit: Self.laneLimit) }
        drains = WorkerDrains(directory: directory, relay: relay, audit: audit)
    }

    /// The most lanes that are told, those with most first.
    private static let laneLimit = 1_000

    var routes: [Route] {
        [
            Route(.get, "/workers", .whoOperates, parameters: [], handler: listWorkers),
            Route(.post, "/workers/{id}/drain", .whoOperates, parameters: []) {
                try await drain($1, isWanted: true)
            },
            Route(.delete, "/workers/{id}/drain", .whoOperates, parameters: []) {
                try await drain($1, isWanted: false)
            },
            Route(.get, "/pools", parameters: [], handler: listPools),
            Route(.get, "/queues", parameters: [], handler: listQueues),
            Route(.get, "/scaler/{pool}", parameters: [], handler: scale),
        ]
    }

    private func listWorkers(_ request: Request, _: GatewayContext) async throws -> Response {
        let list = WorkerList(try await newest(workers))
        return .list(list, as: list.table, for: request)
    }

    private func drain(_ context: GatewayContext, isWanted: Bool) async throws -> Response {
        let id = try context.name("id", of: "worker")
        let record = try await drains.drain(
            worker: id,
            isWanted: isWanted,
            by: context.caller.name
        )
        guard let record else { throw Problem.unknown("worker") }
        return .json(Worker(record), status: isWanted ? .accepted : .ok)
    }

    private func listPools(_ request: Request, _: GatewayContext) async throws -> Response {
        let list = try await pools()
        return .list(list, as: list.table, for: request)
    }

    private func listQueues(_ request: Request, _ context: GatewayContext) async throws -> Response
    {
        let list = QueueList(
            try await newest(monitoring.queues),
            lanes: try await newest(lanes),
            workers: try await newest(workers),
            tenant: context.caller.scope
        )
        return .list(list, as: list.table, for: request)
    }

    private func scale(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let name = try context.name("pool", of: "pool")
        guard let pool = try await pools().pools.first(where: { $0.name == name }) else {
            throw Problem.unknown("pool")
        }
        return .json(ScalerBody(pool))
    }

    /// What was read last; a server that hangs is one that cannot be reached.
    private func newest<Value>(_ reading: SharedReading<Value>) async throws -> Value {
        do {
            return try await reading.value()
        } catch is SharedReading<Value>.Overdue {
            throw Problem(.unavailable, "a server does not answer", headers: [.retryAfter: "2"])
        }
    }

    private func pools() async throws -> PoolList {
        PoolList(
            monitoring.pools,
            census: try await newest(monitoring.census),
            queues: try await newest(monitoring.queues),
            workers: try await newest(workers)
        )
    }
}

extension GatewayContext {
    /// A name in the path; what is none, nothing has.
    fileprivate func name(_ parameter: String, of what: String) throws(Problem) -> String {
        guard let encoded = parameters.get(parameter),
            let name = String(percentDecoding: encoded), Name.isValid(name)
        else { throw Problem.unknown(what) }
        return name
    }
}
