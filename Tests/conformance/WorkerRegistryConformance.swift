import FoundationEssentials
import SandmillEntity
import SandmillService
import Testing

extension Conformance<Stores> {
    /// What every `WorkerRegistry` has to do.
    public static let ofWorkerRegistries: [Conformance] = [
        Conformance("a second worker with the same id is refused while the first lives") { stores in
            let (first, second) = (stores.makeRegistry(), stores.makeRegistry())
            try await first.register(worker: "a", version: "1")
            let error = await #expect(throws: StoreError.self) {
                try await second.register(worker: "a", version: "1")
            }
            #expect(error?.code == .workerIDTaken)
            try await first.deregister(worker: "a")
            try await second.register(worker: "a", version: "1")
            try await second.deregister(worker: "a")
        },
        Conformance("a worker that lives loses nothing") { stores in
            try await stores.withRegistries("a", "b") { a, b in
                let claim = Claim.sample(worker: "a")
                try await stores.grant(claim)
                #expect(try await b.abandonedWorkers().isEmpty)
                #expect(
                    try await b.reclaim(worker: "a", successor: "b", token: .random()).isEmpty
                )
                #expect(try await stores.state(of: claim) == .running)
                _ = try await stores.executions.finish([.sample(claim)])
            }
        },
        Conformance("who leaves executions behind is found, and they are queued at once") {
            stores in
            let b = stores.makeRegistry()
            try await b.register(worker: "b", version: "1")
            let a = stores.makeRegistry()
            try await a.register(worker: "a", version: "1")
            let claims = (0..<2).map { _ in Claim.sample(worker: "a") }
            _ = try await stores.executions.claim(claims)
            let events = try await stores.executions.finish([.sample(claims[1])])
            try await a.deregister(worker: "a")
            #expect(try await b.nextAbandoned() == ["a"])
            #expect(try await b.reclaim(worker: "a", successor: "b", token: .random()).isEmpty)
            #expect(try await stores.state(of: claims[0]) == .queued)
            let due = try await stores.lease(by: "b")
            #expect(due.count == 2)
            #expect(due.contains { $0.id == events[0].id })
            #expect(try await stores.executions.finish([.sample(claims[0])]).isEmpty)
            #expect(try await stores.claim(claims[0].redelivered()).attempt == 2)
            #expect(try await b.abandonedWorkers().isEmpty)
            try await b.deregister(worker: "b")
        },
        Conformance("what loses three workers that it may have killed is the successor's to end") {
            stores in
            let b = stores.makeRegistry()
            try await b.register(worker: "b", version: "1")
            let claim = Claim.sample()
            for attempt in 1...3 {
                let victim = "victim-\(attempt)"
                let lost = claim.redelivered(to: victim)
                let registry = stores.makeRegistry()
                try await registry.register(worker: victim, version: "1")
                #expect(try await stores.grant(lost).lostWorkers == attempt - 1)
                let running = try await b.runningAttempts(of: victim)
                #expect(running.map(\.token) == [lost.token])
                try await stores.executions.markSandboxed(running)
                try await registry.deregister(worker: victim)
                #expect(try await b.nextAbandoned() == [victim])
                let token = UUID()
                let killers = try await b.reclaim(worker: victim, successor: "b", token: token)
                #expect(killers.count == (attempt == 3 ? 1 : 0))
                guard let killer = killers.first else { continue }
                #expect(killer.record.id == claim.submission.id)
                #expect(killer.record.worker == "b")
                #expect(killer.outcome == Outcome(.errored, .workerKiller))
                #expect(killer.properties == claim.request.properties)
                let attempt = RunningAttempt(id: claim.submission.id, attempt: 4, token: token)
                #expect(try await b.runningAttempts(of: "b") == [attempt])
                let end = FinishedExecution.sample(claim.redelivered(to: "b"), attempt: 4)
                #expect(try await stores.executions.finish([end]).count == 1)
            }
            try await b.deregister(worker: "b")
        },
        Conformance("what had no sandbox is not charged with its worker, after the first") {
            stores in
            let b = stores.makeRegistry()
            try await b.register(worker: "b", version: "1")
            let claim = Claim.sample()
            for attempt in 1...5 {
                let victim = "victim-\(attempt)"
                let registry = stores.makeRegistry()
                try await registry.register(worker: victim, version: "1")
                let grant = try await stores.grant(claim.redelivered(to: victim))
                #expect(grant.lostWorkers == min(attempt - 1, 1))
                #expect(grant.uncountedAttempts == max(attempt - 2, 0))
                try await registry.deregister(worker: victim)
                #expect(try await b.nextAbandoned() == [victim])
                #expect(
                    try await b.reclaim(worker: victim, successor: "b", token: .random()).isEmpty
                )
            }
            #expect(try await stores.state(of: claim) == .queued)
            try await b.deregister(worker: "b")
        },
        Conformance("what a worker does not run is put back, and nothing else") { stores in
            try await stores.withRegistries("a", "b") { a, _ in
                let claims = (0..<4).map { _ in Claim.sample(worker: "a") }
                _ = try await stores.executions.claim(claims)
                let attempts = try await a.runningAttempts(of: "a")
                #expect(Set(attempts.map(\.token)) == Set(claims.map(\.token)))
                _ = try await stores.executions.finish([.sample(claims[1])])
                try await stores.executions.retry([.sample(claims[2])])
                #expect(try await stores.claim(claims[2].redelivered(to: "a")).attempt == 2)
                let read = attempts.filter { $0.token != claims[3].token }
                #expect(try await a.putBack(read, of: "a", token: .random()).isEmpty)
                var states: [ExecutionState?] = []
                for claim in claims { states.append(try await stores.state(of: claim)) }
                #expect(states == [.queued, .cancelled, .running, .running])
                let grant = try await stores.grant(claims[0].redelivered(to: "a"))
                #expect(grant.attempt == 2)
                #expect(grant.lostWorkers == 0)
            }
        },
        Conformance("the sandboxes of a worker are replaced, and go when it leaves") { stores in
            let a = stores.makeRegistry()
            try await a.register(worker: "a", version: "1")
            var record = SandboxRecord(
                worker: "a",
                pool: "python",
                container: "c1",
                state: "leased",
                tenant: "t",
                uses: 3,
                memory: .mebibytes(128)
            )
            try await a.record(sandboxes: [record, record], worker: "a")
            record.uses = 4
            try await a.record(sandboxes: [record], worker: "a")
            #expect(try await a.sandboxes() == [record])
            try await a.deregister(worker: "a")
            #expect(try await stores.makeRegistry().sandboxes().isEmpty)
        },
    ]
}

extension Stores {
    fileprivate func withRegistries(
        _ first: String,
        _ second: String,
        _ body: (any WorkerRegistry, any WorkerRegistry) async throws -> Void
    ) async throws {
        let registries = [makeRegistry(), makeRegistry()]
        for (registry, worker) in zip(registries, [first, second]) {
            try await registry.register(worker: worker, version: "1")
        }
        try await body(registries[0], registries[1])
        for (registry, worker) in zip(registries, [first, second]) {
            try await registry.deregister(worker: worker)
        }
    }
}

extension WorkerRegistry {
    /// Waits until some worker is found that others have to take over from.
    fileprivate func nextAbandoned() async throws -> [String] {
        while true {
            try Task.checkCancellation()
            let found = try await abandonedWorkers()
            if !found.isEmpty { return found }
        }
    }
}
