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

    func heartbeat(worker: String) async throws(StoreError) -> [String] {
        defer { note(.heartbeat) }
        try takeFailure()
        return workers.filter { !$0.value.isAlive }.keys.sorted()
    }

    func reclaim(
        worker: String,
        successor: String
    ) async throws(StoreError) -> [UnrunExecution] {
        try takeFailure()
        try takeReclaimFailure()
        note(.reclaimed(worker))
        var quarantined: [UnrunExecution] = []
        for (id, execution) in executions
        where execution.record.state == .running && execution.record.worker == worker {
            executions[id]?.lostWorkers += 1
            if execution.lostWorkers + 1 < 3 {
                requeue(id, due: now)
                continue
            }
            executions[id]?.record.attempt += 1
            executions[id]?.record.worker = successor
            guard let record = executions[id]?.record else { continue }
            quarantined.append(
                UnrunExecution(
                    record: record,
                    runtime: execution.submission.program.runtime.name,
                    labels: execution.submission.labels,
                    properties: execution.request.properties,
                    outcome: Outcome(.errored, .workerKiller),
                    endedAt: now
                )
            )
        }
        for index in outbox.indices where outbox[index].lessee == worker {
            outbox[index].leasedUntil = nil
        }
        sandboxRecords.removeAll { $0.worker == worker }
        if worker != successor { workers[worker] = nil }
        return quarantined
    }

    func deregister(worker: String) async throws(StoreError) {
        try takeFailure()
        workers[worker]?.isAlive = false
        let isBusy = executions.values.contains {
            $0.record.state == .running && $0.record.worker == worker
        }
        if !isBusy { workers[worker] = nil }
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
