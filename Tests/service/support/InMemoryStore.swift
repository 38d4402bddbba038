import FoundationEssentials
import Hashing
import SandmillEntity
import SandmillService

/// The records of executions, in memory, as the port describes them.
///
/// What it does is what Postgres does: `Conformance` is run on both. Its time runs faster than time does,
/// so that what is due later is due soon.
actor InMemoryStore: ExecutionStore {
    private let journal: Journal
    private let speed: Double
    private var origin = ContinuousClock.now
    private var failures: [StoreError] = []
    private var claimFailures: [StoreError] = []
    private var keepFailures: [StoreError] = []
    private var finishFailures: [StoreError] = []
    private var removeFailures: [StoreError] = []
    private var reclaimFailures: [StoreError] = []
    private var admitFailures: [StoreError] = []
    private var keepGate: Gate?
    private var refusedText: String?
    private var nextRow: Int64 = 1

    var executions: [UUID: Execution] = [:]
    var batches: [UUID: BatchRecord] = [:]
    var outbox: [OutboxRow] = []
    var keptLetters: [StoredDeadLetter] = []
    var workers: [String: WorkerRow] = [:]
    var sandboxRecords: [SandboxRecord] = []

    var cancellations: [UUID: Cancellation] = [:]
    var cancelledBatches: Set<UUID> = []

    struct Cancellation {
        /// Whose it has to be; nil for anybody's.
        var tenant: String?
        var outcome: Outcome
    }

    struct Execution {
        var submission: Submission
        var request: RequestMessage
        var token: UUID?
        var record: ExecutionRecord
        var lostWorkers = 0
        var sandboxedAttempt: Int?
        var retries = 0
        var uncountedAttempts = 0
        /// Whether it waits here, and not in the broker.
        var isParked = false
        /// When its time comes, if it waits for that.
        var due: Date?
        /// When it may start.
        var availableAt: Date

        /// Whether it may no longer start.
        func isExpired(_ now: Date) -> Bool {
            retries == 0 && submission.deadline.map { $0 <= now } == true
        }
    }

    struct OutboxRow {
        var row: OutboxMessage
        var due: Date
        var lessee: String?
        var leasedUntil: Date?
        var rejections = 0
    }

    struct WorkerRow {
        var isAlive = true
        var isDraining = false
    }

    init(journal: Journal, speed: Double = 1) {
        self.journal = journal
        self.speed = speed
    }

    /// The time, in whole milliseconds.
    var now: Date {
        let elapsed = (ContinuousClock.now - origin) / .milliseconds(1) * speed
        return Date(timeIntervalSince1970: (1_795_000_000_000 + elapsed).rounded() / 1_000)
    }

    /// Lets so much of its time pass at once.
    func advance(by duration: Duration) {
        origin -= duration / speed
    }

    /// Makes the next calls fail, each with one of these.
    func fail(with errors: [StoreError]) {
        failures = errors
    }

    /// Makes the next claims fail, each with one of these.
    func failClaiming(with errors: [StoreError]) {
        claimFailures = errors
    }

    /// Makes the next batches fail to be taken in, each with one of these.
    func failAdmitting(with errors: [StoreError]) {
        admitFailures = errors
    }

    func takeAdmitFailure() throws(StoreError) {
        if !admitFailures.isEmpty {
            note(.admitFailed)
            throw admitFailures.removeFirst()
        }
    }

    /// Makes the next letters fail to be kept, each with one of these.
    func failKeeping(with errors: [StoreError]) {
        keepFailures = errors
    }

    /// Lets nothing be kept before this is open.
    func holdKeeping(until gate: Gate) {
        keepGate = gate
    }

    func passKeeping() async throws(StoreError) {
        note(.keeping)
        await keepGate?.pass()
        if !keepFailures.isEmpty {
            note(.keepFailed)
            throw keepFailures.removeFirst()
        }
    }

    /// Makes the next ends fail, each with one of these.
    func failFinishing(with errors: [StoreError]) {
        finishFailures = errors
    }

    /// Makes the next removals from the outbox fail, each with one of these.
    func failRemoving(with errors: [StoreError]) {
        removeFailures = errors
    }

    /// Makes the next takeovers fail, each with one of these.
    func failReclaiming(with errors: [StoreError]) {
        reclaimFailures = errors
    }

    /// Makes documents with this text unstorable.
    func refuseDocuments(holding text: String) {
        refusedText = text
    }

    func takeFailure() throws(StoreError) {
        if !failures.isEmpty { throw failures.removeFirst() }
    }

    func takeReclaimFailure() throws(StoreError) {
        if !reclaimFailures.isEmpty {
            note(.reclaimFailed)
            throw reclaimFailures.removeFirst()
        }
    }

    func note(_ entry: Journal.Entry) {
        journal.note(entry)
    }

    func claim(_ claims: [Claim]) async throws(StoreError) -> [ClaimOutcome] {
        try takeFailure()
        if !claimFailures.isEmpty {
            note(.claimFailed)
            throw claimFailures.removeFirst()
        }
        if claims.contains(where: { $0.submission.tenant.utf8.contains(0) }) {
            throw StoreError(.unstorable, "a U+0000 in a tenant")
        }
        return claims.map(claim)
    }

    func finish(_ ended: [FinishedExecution]) async throws(StoreError) -> [OutboxMessage] {
        try takeFailure()
        if !finishFailures.isEmpty {
            note(.finishFailed)
            throw finishFailures.removeFirst()
        }
        for end in ended {
            let document = String(decoding: end.encodedDocument, as: UTF8.self)
            if document.contains("\\u0000") || refusedText.map(document.contains) ?? false {
                throw StoreError(.unstorable, "a document that cannot be stored")
            }
        }
        return ended.flatMap(finish)
    }

    func retry(_ attempts: [FailedAttempt]) async throws(StoreError) {
        try takeFailure()
        for attempt in attempts where isHeld(attempt.id, attempt.attempt, by: attempt.worker) {
            if attempt.isProgramFailure { executions[attempt.id]?.retries += 1 }
            if !attempt.isCounted { executions[attempt.id]?.uncountedAttempts += 1 }
            let isEnding = executions[attempt.id].flatMap(decidedEnd) != nil
            requeue(attempt.id, due: now + (isEnding ? 0 : attempt.delay / .seconds(1)))
            note(.retried(attempt.id, attempt.outcome.reason))
        }
    }

    func uncountedAttempts(of id: UUID) async throws(StoreError) -> Int {
        executions[id]?.uncountedAttempts ?? 0
    }

    func markSandboxed(_ attempts: [RunningAttempt]) async throws(StoreError) {
        try takeFailure()
        for attempt in attempts {
            guard let execution = executions[attempt.id], execution.record.state == .running,
                execution.record.attempt == attempt.attempt, execution.token == attempt.token
            else { continue }
            executions[attempt.id]?.sandboxedAttempt = attempt.attempt
            executions[attempt.id]?.record.isHeld = false
            if let time = attempt.startedAt { executions[attempt.id]?.record.startedAt = time }
            note(.markedSandboxed(attempt.id))
        }
    }

    func execution(_ id: UUID) async throws(StoreError) -> ExecutionRecord? {
        executions[id]?.record
    }

    func batch(_ id: UUID) async throws(StoreError) -> BatchRecord? {
        batches[id]
    }

    func requeue(_ id: UUID, due: Date) {
        guard var execution = executions[id] else { return }
        execution.record.state = .queued
        execution.record.isHeld = false
        execution.record.worker = nil
        execution.token = nil
        execution.availableAt = due
        executions[id] = execution
        let message = OutboundMessage(
            exchange: .submit,
            routingKey: "\(execution.record.pool).\(execution.record.level.rawValue)",
            properties: execution.request.properties,
            body: execution.request.body
        )
        enqueue(message, due: due)
    }

    private func claim(_ claim: Claim) -> ClaimOutcome {
        let submission = claim.submission
        let known = executions[submission.id]
        if let known {
            guard known.submission.tenant == submission.tenant else {
                return .taken(claim.renamed(submission.id.insteadOf(for: submission.tenant)))
            }
            guard known.request.body == claim.request.body, known.record.pool == submission.pool
            else { return .conflict("the id is known with another request") }
            let isRepeated = known.token == claim.token && known.record.state == .running
            if isRepeated { return .claimed(grant(of: known)) }
            guard known.record.state == .queued, claim.intent != .queue, claim.takesKnown else {
                return .duplicate
            }
            if known.availableAt > now {
                executions[submission.id]?.due = known.availableAt
                return .deferred
            }
        }
        if let batch = submission.batch {
            if let known = batches[batch.id],
                known.size != batch.size || known.tenant != submission.tenant
            {
                return .conflict("the batch has another size, or is another tenant's")
            }
            if batches[batch.id] == nil {
                batches[batch.id] = BatchRecord(
                    id: batch.id,
                    tenant: submission.tenant,
                    pool: submission.pool,
                    size: batch.size,
                    pending: batch.size,
                    counts: [:],
                    submittedAt: now
                )
            }
        }
        var execution = known ?? Execution(claim, at: now)
        if let notBefore = submission.notBefore, notBefore > now {
            execution.due = notBefore
            execution.availableAt = notBefore
            executions[submission.id] = execution
            return .deferred
        }
        if known == nil, let superseded = submission.supersedes {
            cancellations[superseded] = Cancellation(
                tenant: submission.tenant,
                outcome: Outcome(.cancelled, .superseded)
            )
        }
        switch claim.intent {
        case .run:
            return .claimed(start(&execution, token: claim.token, worker: claim.worker))
        case .park, .hold:
            execution.isParked = true
            executions[submission.id] = execution
            note(.parked(submission.id))
            return .parked
        case .queue:
            executions[submission.id] = execution
            let message = OutboundMessage(
                exchange: .submit,
                routingKey: "\(submission.pool).\(submission.level.rawValue)",
                properties: claim.request.properties,
                body: claim.request.body
            )
            return .queued(enqueue(message, due: now, lessee: claim.worker))
        }
    }

    func start(_ execution: inout Execution, token: UUID, worker: String) -> AttemptGrant {
        execution.token = token
        execution.isParked = false
        execution.due = nil
        execution.record.state = .running
        execution.record.attempt += 1
        execution.record.worker = worker
        execution.record.startedAt = now
        execution.record.isHeld = true
        executions[execution.record.id] = execution
        note(.claimed(execution.record.id))
        return grant(of: execution)
    }

    func grant(of execution: Execution) -> AttemptGrant {
        AttemptGrant(
            attempt: execution.record.attempt,
            retries: execution.retries,
            uncountedAttempts: execution.uncountedAttempts,
            lostWorkers: execution.lostWorkers,
            submittedAt: execution.record.submittedAt,
            startedAt: execution.record.startedAt ?? now,
            decidedEnd: decidedEnd(of: execution)
        )
    }

    private func finish(_ ended: FinishedExecution) -> [OutboxMessage] {
        let document = ended.document
        let isFenced =
            ended.wasQueued
            ? executions[document.id]?.record.state == .queued
                && executions[document.id]?.record.attempt == ended.attempt
            : isHeld(document.id, ended.attempt, by: ended.worker)
        guard isFenced else { return [] }
        executions[document.id]?.record.state = document.state
        executions[document.id]?.record.reason = document.reason?.rawValue
        executions[document.id]?.record.attempt = document.attempt
        executions[document.id]?.record.startedAt = document.startedAt
        executions[document.id]?.record.finishedAt = document.finishedAt
        executions[document.id]?.record.result = String(
            decoding: ended.encodedDocument,
            as: UTF8.self
        )
        var messages = ended.events
        if let id = document.batchID {
            batches[id]?.pending -= 1
            batches[id]?.counts[document.state, default: 0] += 1
            if batches[id]?.pending == 0 {
                messages.append(
                    OutboundMessage(
                        exchange: .events,
                        routingKey: "batch.completed.\(document.pool).\(document.tenant)",
                        properties: MessageProperties(messageID: UUID().uuidString.lowercased()),
                        body: []
                    )
                )
            }
        }
        note(.finished(document.id, document.state))
        return messages.map { enqueue($0, due: now, lessee: ended.worker) }
    }

    private func isHeld(_ id: UUID, _ attempt: Int, by worker: String) -> Bool {
        guard let record = executions[id]?.record else { return false }
        return record.state == .running && record.attempt == attempt && record.worker == worker
    }

    @discardableResult
    func enqueue(
        _ message: OutboundMessage,
        due: Date,
        lessee: String? = nil
    ) -> OutboxMessage {
        let row = OutboxMessage(id: nextRow, message: message)
        nextRow += 1
        outbox.append(
            OutboxRow(row: row, due: due, lessee: lessee, leasedUntil: lessee.map { _ in now + 30 })
        )
        return row
    }
}

extension InMemoryStore: Outbox {
    func lease(
        by worker: String,
        holding held: Set<Int64>,
        limit: Int
    ) async throws(StoreError) -> [OutboxMessage] {
        try takeFailure()
        let now = now
        let due = outbox.indices
            .filter {
                let row = outbox[$0]
                let isUnknown = row.lessee == worker && !held.contains(row.row.id)
                let leasedUntil = row.leasedUntil ?? .distantPast
                return row.due <= now && leasedUntil <= (isUnknown ? now + 27 : now)
            }
            .prefix(limit)
        for index in due {
            outbox[index].lessee = worker
            outbox[index].leasedUntil = now + 30
        }
        return due.map { outbox[$0].row }
    }

    func release(_ ids: [Int64], by worker: String) async throws(StoreError) {
        try takeFailure()
        for index in outbox.indices
        where ids.contains(outbox[index].row.id) && outbox[index].lessee == worker {
            outbox[index].due = now + 1
            outbox[index].lessee = nil
            outbox[index].leasedUntil = nil
        }
    }

    func postpone(
        _ ids: [Int64],
        by worker: String
    ) async throws(StoreError) -> [Int64: Int] {
        try takeFailure()
        var rejections: [Int64: Int] = [:]
        for index in outbox.indices
        where ids.contains(outbox[index].row.id) && outbox[index].lessee == worker {
            outbox[index].due = now + min(Double(1 << min(outbox[index].rejections, 16)), 300)
            outbox[index].lessee = nil
            outbox[index].leasedUntil = nil
            outbox[index].rejections += 1
            rejections[outbox[index].row.id] = outbox[index].rejections
        }
        return rejections
    }

    func setAside(
        _ messages: [(row: OutboxMessage, reason: String)]
    ) async throws(StoreError) {
        try takeFailure()
        for (row, reason) in messages where outbox.contains(where: { $0.row.id == row.id }) {
            outbox.removeAll { $0.row.id == row.id }
            let id = row.message.properties.messageID.flatMap(UUID.init(text:))
            if row.message.exchange == .submit, let id, executions[id]?.record.state == .queued {
                executions[id]?.isParked = true
            } else {
                try await keep([DeadLetter(unpublishable: row.message, reason: reason)])
            }
        }
    }

    func remove(_ ids: [Int64]) async throws(StoreError) {
        try takeFailure()
        if !removeFailures.isEmpty {
            note(.removeFailed)
            throw removeFailures.removeFirst()
        }
        outbox.removeAll { ids.contains($0.row.id) }
    }
}

extension InMemoryStore.Execution {
    fileprivate init(_ claim: Claim, at now: Date) {
        submission = claim.submission
        request = claim.request
        availableAt = now
        record = ExecutionRecord(
            id: claim.submission.id,
            tenant: claim.submission.tenant,
            pool: claim.submission.pool,
            level: claim.submission.level,
            state: .queued,
            reason: nil,
            attempt: 0,
            batchID: claim.submission.batch?.id,
            worker: nil,
            submittedAt: now,
            startedAt: nil,
            finishedAt: nil,
            result: nil
        )
    }
}

extension UUID {
    /// The id that a tenant has instead of this one, which is another's.
    fileprivate func insteadOf(for tenant: String) -> UUID {
        let digest = SHA256.hash("sandmill own id 1 \(text) \(tenant)".utf8)
        var digits = digest.hexadecimal.prefix(32).map(String.init)
        digits[12] = "8"
        digits[16] = "a"
        for place in [20, 16, 12, 8] { digits.insert("-", at: place) }
        guard let id = UUID(text: digits.joined()) else { preconditionFailure("no UUID") }
        return id
    }
}
