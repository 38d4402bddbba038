import FoundationEssentials
import SandmillEntity
import SandmillService

extension InMemoryStore {
    func take(_ takeRequest: TakeRequest) async throws(StoreError) -> [TakenExecution] {
        try takeFailure()
        if takeRequest.isRepeated {
            let repeated = executions.values.filter {
                $0.token == takeRequest.token && $0.record.state == .running
                    && $0.record.worker == takeRequest.worker
            }
            if !repeated.isEmpty { return repeated.map { taken($0, grant(of: $0)) } }
        }
        var ranked: [(rank: Double, age: Date, id: UUID)] = []
        let parked = executions.values.filter {
            $0.isParked && $0.record.state == .queued && $0.record.pool == takeRequest.pool
        }
        let lanes = Dictionary(grouping: parked) {
            Lane(level: $0.record.level, tenant: $0.record.tenant)
        }
        for (lane, waiting) in lanes {
            let oldest = waiting.sorted { $0.record.submittedAt < $1.record.submittedAt }
            for (index, execution) in oldest.enumerated() {
                let turn = takeRequest.held[lane, default: 0] + index + 1
                ranked.append(
                    (
                        turn == 1 ? 0 : Double(turn) / Double(lane.level.weight),
                        execution.record.submittedAt + lane.level.handicap / .seconds(1),
                        execution.record.id
                    )
                )
            }
        }
        return ranked.sorted { ($0.rank, $0.age) < ($1.rank, $1.age) }.enumerated()
            .filter {
                $0.offset < takeRequest.count
                    || $0.element.rank == 0 && $0.offset < takeRequest.newcomers
            }
            .map(\.element)
            .compactMap { executions[$0.id] }
            .map { execution in
                var execution = execution
                let grant = start(
                    &execution,
                    token: takeRequest.token,
                    worker: takeRequest.worker
                )
                return taken(execution, grant)
            }
    }

    private func taken(_ execution: Execution, _ grant: AttemptGrant) -> TakenExecution {
        TakenExecution(
            request: execution.request,
            grant: grant,
            isLimited: false,
            unrunnable: unrun(execution, Outcome(.errored, .unknownPool))
        )
    }

    func admitHeldMembers() async throws(StoreError) {
        try takeFailure()
        note(.admittedHeldMembers)
    }

    func parkDue(limit: Int) async throws(StoreError) -> Int {
        try takeFailure()
        let now = now
        let due = executions.values.filter { $0.due.map { $0 <= now } ?? false }.prefix(limit)
        for execution in due {
            executions[execution.record.id]?.isParked = true
            executions[execution.record.id]?.due = nil
            executions[execution.record.id]?.availableAt = now
        }
        return due.count
    }

    func parkAwaited(longerThan patience: Duration) async throws(StoreError) -> Int {
        try takeFailure()
        let limit = now - patience / .seconds(1)
        let late = executions.values.filter {
            $0.record.state == .queued && !$0.isParked && $0.due == nil
                && $0.record.submittedAt < limit
        }
        for execution in late { executions[execution.record.id]?.isParked = true }
        return late.count
    }

    func parked(pool: String, upTo limit: Int) async throws(StoreError) -> [Lane: LaneBacklog] {
        try takeFailure()
        note(.countedParked)
        let parked = executions.values.filter { $0.isParked && $0.record.pool == pool }
            .sorted { $0.record.submittedAt < $1.record.submittedAt }.prefix(limit)
        return Dictionary(grouping: parked) {
            Lane(level: $0.record.level, tenant: $0.record.tenant)
        }
        .mapValues { executions in
            let sizes = executions.map { $0.request.body.count }
            return LaneBacklog(count: sizes.count, size: ByteCount(sizes.reduce(0, +)))
        }
    }

    func admit(_ batch: BatchAdmission) async throws(StoreError) -> BatchOutcome {
        try takeFailure()
        try takeAdmitFailure()
        note(.admitted(batch.id))
        if batches[batch.id] != nil { return .duplicate }
        _ = try await claim(batch.members)
        try await keep(batch.refused)
        batches[batch.id] = BatchRecord(
            id: batch.id,
            tenant: batch.tenant,
            pool: batch.pool,
            size: batch.size,
            pending: batch.members.count,
            counts: [:],
            refused: batch.refused.count,
            submittedAt: now
        )
        return .admitted(refused: batch.refused)
    }

    func unrun(_ execution: Execution, _ outcome: Outcome) -> UnstartedExecution {
        UnstartedExecution(
            record: execution.record,
            runtime: execution.submission.program.runtime.name,
            labels: execution.submission.labels,
            properties: execution.request.properties,
            outcome: outcome,
            endedAt: now
        )
    }
}

extension InMemoryStore: CancellationStore {
    func cancel(
        _ ids: [UUID],
        tenant: String?,
        keepsUnknown: Bool
    ) async throws(StoreError) -> [CancelOutcome] {
        try takeFailure()
        return ids.map { id in
            let cancellation = Cancellation(tenant: tenant, outcome: Outcome(.cancelled))
            guard let record = executions[id]?.record else {
                if keepsUnknown { cancellations[id] = cancellation }
                return .unknown
            }
            if let tenant, record.tenant != tenant { return .unknown }
            if record.state.isTerminal { return .ended }
            cancellations[id] = cancellation
            return record.state == .queued ? .queued : .running
        }
    }

    func cancel(batch: UUID, tenant: String?) async throws(StoreError) -> Int? {
        guard let record = batches[batch], tenant == nil || record.tenant == tenant else {
            return nil
        }
        cancelledBatches.insert(batch)
        return record.pending
    }

    func overdue(limit: Int) async throws(StoreError) -> [UnstartedExecution] {
        try takeFailure()
        let now = now
        return executions.values.filter { $0.record.state == .queued }
            .compactMap { execution in
                let isExpired = execution.isExpired(now)
                let outcome = decidedEnd(of: execution) ?? (isExpired ? Outcome(.expired) : nil)
                return outcome.map { unrun(execution, $0) }
            }
            .prefix(limit).map { $0 }
    }

    func decidedEnds(
        of ids: [UUID],
        runBy worker: String
    ) async throws(StoreError) -> [UUID: Outcome] {
        try takeFailure()
        let running = ids.compactMap { executions[$0] }.filter {
            $0.record.state == .running && $0.record.worker == worker
        }
        return Dictionary(
            uniqueKeysWithValues: running.compactMap { execution in
                let isExpired = execution.isExpired(now)
                return (decidedEnd(of: execution) ?? (isExpired ? Outcome(.expired) : nil))
                    .map { (execution.record.id, $0) }
            }
        )
    }

    func noteMissedMembers() async throws(StoreError) {
        try takeFailure()
    }

    func forgetOldCancellations() async throws(StoreError) {
        try takeFailure()
    }

    func decidedEnd(of execution: Execution) -> Outcome? {
        let id = execution.record.id
        if let cancellation = cancellations[id],
            cancellation.tenant == nil || cancellation.tenant == execution.record.tenant
        {
            return cancellation.outcome
        }
        let isOfCancelled = execution.record.batchID.map(cancelledBatches.contains) ?? false
        return isOfCancelled ? Outcome(.cancelled) : nil
    }
}
