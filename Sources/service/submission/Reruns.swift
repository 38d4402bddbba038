public import FoundationEssentials
public import SandmillEntity

/// Runs executions again that have ended: the same request of the same tenant under another id.
///
/// What is of that one time is left out: its batch, what it superseded, its deadline and the time before
/// which it was not to start, and the queue that its publisher listened on. The new execution waits in the
/// store, so that neither the broker nor a worker need be there.
public struct Reruns: Sendable {
    /// How many are taken in by one transaction.
    static let group = 64
    /// The header of a request that names the execution that it repeats.
    static let header = "rerun_of"

    private static let fieldsOfOneTime = ["batch", "supersedes", "not_before", "deadline"]

    private let store: any ExecutionStore & RequestRecords
    private let decoders: [String: SubmissionDecoder]
    private let relay: Relay?

    /// Describes it.
    ///
    /// - Parameters:
    ///   - store: Where executions and their requests are.
    ///   - decoders: What reads the requests of each pool, by its name.
    ///   - relay: What publishes hints to workers; nil for none.
    public init(
        store: any ExecutionStore & RequestRecords,
        decoders: [String: SubmissionDecoder],
        relay: Relay?
    ) {
        self.store = store
        self.decoders = decoders
        self.relay = relay
    }

    /// Runs an execution again.
    ///
    /// - Parameters:
    ///   - execution: The execution.
    ///   - id: The id of the new one; with the same again nothing happens.
    ///   - tenant: Whose it has to be; nil for anybody's.
    /// - Returns: What became of it.
    /// - Throws: ``StoreError``.
    public func rerun(
        _ execution: UUID,
        as id: UUID,
        tenant: String?
    ) async throws(StoreError) -> RerunOutcome {
        try await rerun([execution], as: [id], tenant: tenant).first ?? .unknown
    }

    /// Runs executions again, each under its own id.
    ///
    /// - Returns: What became of each, in the same order.
    public func rerun(
        _ executions: [UUID],
        as ids: [UUID],
        tenant: String?
    ) async throws(StoreError) -> [RerunOutcome] {
        var outcomes: [RerunOutcome] = []
        while outcomes.count < executions.count {
            let rest = executions.dropFirst(outcomes.count).prefix(Self.group)
            let requests = try await store.requests(of: Array(rest))
            let names = ids.dropFirst(outcomes.count).prefix(requests.count)
            outcomes += try await rerun(requests, as: Array(names), tenant: tenant)
        }
        return outcomes
    }

    private func rerun(
        _ requests: [RequestRecord?],
        as ids: [UUID],
        tenant: String?
    ) async throws(StoreError) -> [RerunOutcome] {
        var outcomes: [RerunOutcome] = []
        var claims: [(index: Int, claim: Claim)] = []
        for (request, id) in zip(requests, ids) {
            guard let request, tenant == nil || request.tenant == tenant else {
                outcomes.append(.unknown)
                continue
            }
            do throws(RerunRefusal) {
                claims.append((outcomes.count, try claim(request, as: id)))
                outcomes.append(.rerun(id))
            } catch {
                outcomes.append(error.outcome)
            }
        }
        while !claims.isEmpty {
            let results = try await store.claim(claims.map(\.claim))
            var renamed: [(index: Int, claim: Claim)] = []
            for ((index, claim), result) in zip(claims, results) {
                switch result {
                case .taken(let other): renamed.append((index, other))
                case .conflict(let reason):
                    outcomes[index] = .refused(RequestRefusal(.idConflict, reason))
                default: outcomes[index] = .rerun(claim.submission.id)
                }
            }
            for pool in Set(claims.map(\.claim.submission.pool)) {
                await relay?.hint(ControlMessage(parked: pool))
            }
            claims = renamed
        }
        return outcomes
    }

    /// Why something is not run again.
    private struct RerunRefusal: Error {
        let outcome: RerunOutcome
    }

    private func claim(_ record: RequestRecord, as id: UUID) throws(RerunRefusal) -> Claim {
        guard record.state.isTerminal else {
            throw RerunRefusal(outcome: .notFinished(record.state))
        }
        guard let body = record.body else { throw RerunRefusal(outcome: .requestNotKept) }
        guard let decoder = decoders[record.pool] else {
            throw RerunRefusal(outcome: .refused(.unknownPool(record.pool)))
        }
        var headers = record.properties.headers
        headers["tenant"] = record.tenant
        headers[Self.header] = record.id.text
        let request = RequestMessage(
            properties: MessageProperties(
                contentType: "application/json",
                messageID: id.text,
                appID: "sandmill",
                headers: headers
            ),
            body: Self.withoutFieldsOfOneTime(body)
        )
        do {
            var submission = try decoder.decode(request, level: record.level)
            // Nobody runs it here, and the body says it all.
            submission.program.files = []
            submission.program.stdin = []
            submission.tests = nil
            return Claim(
                token: .random(),
                intent: .park,
                worker: "rerun",
                submission: submission,
                request: request
            )
        } catch {
            throw RerunRefusal(outcome: .refused(error))
        }
    }

    /// The body without what is of one time; the very same bytes where it has none of that.
    static func withoutFieldsOfOneTime(_ body: [UInt8]) -> [UInt8] {
        guard
            case .object(var fields)? = try? JSONDecoder().decode(
                JSONValue.self,
                from: Data(body)
            ), fieldsOfOneTime.contains(where: { fields[$0] != nil })
        else { return body }
        for field in fieldsOfOneTime { fields[field] = nil }
        return DocumentCoder.encode(JSONValue.object(fields))
    }
}

/// What became of an execution that was to be run again.
public enum RerunOutcome: Equatable, Sendable {
    /// It is run again under this id.
    case rerun(UUID)
    /// There is no such execution.
    case unknown
    /// It has not ended, but is in this state.
    case notFinished(ExecutionState)
    /// Its request is not kept: it ended under a version that dropped it.
    case requestNotKept
    /// Its request would not be taken in as it is.
    case refused(RequestRefusal)

    /// Why it is not run again, for a person; nil where it is.
    public var failure: String? {
        switch self {
        case .rerun: nil
        case .unknown: "there is no such execution"
        case .notFinished(let state): "it is \(state.rawValue)"
        case .requestNotKept: "its request is not kept"
        case .refused(let refusal): "its request would be refused: \(refusal.message)"
        }
    }
}

/// Reads the requests of executions.
public protocol RequestRecords: Sendable {
    /// Reads the requests of executions, no more than about 16 MiB at once, but at least the first.
    ///
    /// - Returns: Those of the first executions, in the same order; nil for what there is not.
    func requests(of ids: [UUID]) async throws(StoreError) -> [RequestRecord?]
}

/// A request as the record of its execution has it.
public struct RequestRecord: Equatable, Sendable {
    /// The execution.
    public var id: UUID
    /// Whose it is.
    public var tenant: String
    /// Its pool.
    public var pool: String
    /// Its level.
    public var level: Level
    /// Where the execution is.
    public var state: ExecutionState
    /// The properties of its message.
    public var properties: MessageProperties
    /// The body of its message; nil where it is not kept.
    public var body: [UInt8]?

    /// Puts a record together.
    public init(
        id: UUID,
        tenant: String,
        pool: String,
        level: Level,
        state: ExecutionState,
        properties: MessageProperties,
        body: [UInt8]?
    ) {
        self.id = id
        self.tenant = tenant
        self.pool = pool
        self.level = level
        self.state = state
        self.properties = properties
        self.body = body
    }
}
