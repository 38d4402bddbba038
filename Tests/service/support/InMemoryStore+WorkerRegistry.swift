import FoundationEssentials
import SandmillEntity
import SandmillService

extension InMemoryStore: WorkerRegistry {
    /// Drops a worker's lock, as the server does when its process is gone.
    func kill(_ worker: String) {
        workers[worker]?.isAlive = false
    }

    func register(worker: String, version: String) async throws(StoreError) {
        try takeFailure()
        if workers[worker]?.isAlive == true {
            throw StoreError(.workerIDTaken, "the worker is alive")
        }
        workers[worker] = WorkerRow()
    }

    func heartbeat(worker: String) async throws(StoreError) -> ContinuousClock.Instant {
        defer { note(.heartbeat) }
        try takeFailure()
        return .now
    }

    func abandonedWorkers() async throws(StoreError) -> [String] {
        defer { note(.soughtDead) }
        try takeFailure()
        return workers.filter { !$0.value.isAlive }.keys.sorted()
    }

    func reclaim(
        worker: String,
        successor: String,
        token: UUID
    ) async throws(StoreError) -> [UnstartedExecution] {
        try takeFailure()
        try takeReclaimFailure()
        note(.reclaimed(worker))
        if worker != successor, workers[worker]?.isAlive == true { return [] }
        let quarantined = executions.values
            .filter { $0.record.state == .running && $0.record.worker == worker }
            .compactMap { lose($0, isCharged: !$0.isUnrun, successor: successor, token: token) }
        for index in outbox.indices where outbox[index].lessee == worker {
            outbox[index].leasedUntil = nil
        }
        sandboxRecords.removeAll { $0.worker == worker }
        if worker != successor { workers[worker] = nil }
        return quarantined
    }

    func runningAttempts(of worker: String) async throws(StoreError) -> [RunningAttempt] {
        defer { note(.soughtLeftovers) }
        try takeFailure()
        return executions.values
            .filter { $0.record.state == .running && $0.record.worker == worker }
            .map(\.attempt)
    }

    func putBack(
        _ attempts: [RunningAttempt],
        of worker: String,
        token: UUID
    ) async throws(StoreError) -> [UnstartedExecution] {
        try takeFailure()
        return executions.values
            .filter {
                $0.record.state == .running && $0.record.worker == worker
                    && attempts.contains($0.attempt)
            }
            .compactMap { execution in
                note(.putBack(execution.record.id))
                return lose(execution, isCharged: false, successor: worker, token: token)
            }
    }

    /// Requeues an execution; one that has lost too many workers is returned, for the successor to end.
    private func lose(
        _ execution: Execution,
        isCharged: Bool,
        successor: String,
        token: UUID
    ) -> UnstartedExecution? {
        let id = execution.record.id
        var execution = execution
        if execution.isUnrun { execution.uncountedAttempts += 1 }
        if isCharged { execution.lostWorkers += 1 }
        executions[id] = execution
        guard execution.lostWorkers >= 3 else {
            requeue(id, due: now)
            return nil
        }
        execution.record.attempt += 1
        execution.record.worker = successor
        execution.token = token
        executions[id] = execution
        return unrun(execution, Outcome(.errored, .workerKiller))
    }

    func deregister(worker: String) async throws(StoreError) {
        try takeFailure()
        workers[worker]?.isAlive = false
        let isBusy = executions.values.contains {
            $0.record.state == .running && $0.record.worker == worker
        }
        if !isBusy { workers[worker] = nil }
        sandboxRecords.removeAll { $0.worker == worker }
        note(.deregistered(worker))
    }

    func record(sandboxes: [SandboxRecord], worker: String) async throws(StoreError) {
        try takeFailure()
        sandboxRecords.removeAll { $0.worker == worker }
        sandboxRecords += sandboxes
    }

    func sandboxes() async throws(StoreError) -> [SandboxRecord] {
        sandboxRecords
    }
}

extension InMemoryStore.Execution {
    fileprivate var attempt: RunningAttempt {
        RunningAttempt(id: record.id, attempt: record.attempt, token: token)
    }

    /// Whether its program is known not to have started.
    fileprivate var isUnrun: Bool { lostWorkers > 0 && sandboxedAttempt != record.attempt }
}
