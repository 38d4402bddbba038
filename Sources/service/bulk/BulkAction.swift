public import FoundationEssentials
internal import SandmillEntity

/// What somebody does to all that match a filter.
public struct BulkAction: Equatable, Sendable {
    /// What it is done to.
    public enum Target: String, CaseIterable, Sendable {
        /// Executions.
        case executions
        /// Dead letters.
        case deadLetters = "dead_letters"
    }

    /// What is done.
    public enum Verb: String, CaseIterable, Sendable {
        /// Executions end before their time.
        case cancel
        /// Executions that have ended are run again.
        case rerun
        /// Executions that have ended, and their files, are removed; dead letters as by ``purge``.
        case delete
        /// As ``delete``, but for those that a label holds.
        case prune
        /// Dead letters are published again.
        case requeue
        /// Dead letters are removed.
        case purge
    }

    /// Its name.
    public var id: UUID
    /// What it is done to.
    public var target: Target
    /// Which of them.
    public var filter: [ListParameter]
    /// What is done.
    public var verb: Verb
    /// Whose they have to be; nil for anybody's.
    public var tenant: String?
    /// Who does it, for people.
    public var actor: String
    /// Since when: what came later is not meant.
    public var createdAt: Date
    /// When it was done.
    public var finishedAt: Date?
    /// How many matched when it began.
    public var matching: Int
    /// To how many it has been done.
    public var done: Int
    /// To how many it could not be done.
    public var failed: Int
    /// Why it could not be done to one of them.
    public var failure: String?
    /// What the next step begins behind.
    public var cursor: ListCursor?

    /// Puts an action together.
    public init(
        id: UUID,
        target: Target,
        filter: [ListParameter],
        verb: Verb,
        tenant: String?,
        actor: String,
        createdAt: Date,
        finishedAt: Date? = nil,
        matching: Int,
        done: Int = 0,
        failed: Int = 0,
        failure: String? = nil,
        cursor: ListCursor? = nil
    ) {
        self.id = id
        self.target = target
        self.filter = filter
        self.verb = verb
        self.tenant = tenant
        self.actor = actor
        self.createdAt = createdAt
        self.finishedAt = finishedAt
        self.matching = matching
        self.done = done
        self.failed = failed
        self.failure = failure
        self.cursor = cursor
    }

    /// The fields of ``json``, in the order in which a table has them.
    public static let fields = [
        "id", "on", "action", "filter", "state", "matching", "done", "failed", "failure", "who",
        "tenant", "when", "finished_at",
    ]

    /// The action as a document for programs.
    public var json: JSONValue {
        .object([
            "id": .string(id.text),
            "on": .string(target.rawValue),
            "action": .string(verb.rawValue),
            "filter": filter.json,
            "state": .string(finishedAt == nil ? "running" : "completed"),
            "matching": .integer(Int64(matching)),
            "done": .integer(Int64(done)),
            "failed": .integer(Int64(failed)),
            "failure": .optional(failure),
            "who": .string(actor),
            "tenant": .optional(tenant),
            "when": .string(DocumentCoder.text(createdAt)),
            "finished_at": .optional(finishedAt.map(DocumentCoder.text)),
        ])
    }
}

/// Keeps bulk actions; every call is one transaction.
public protocol BulkActionStore: Sendable {
    /// Keeps an action, and notes in the audit who does it.
    ///
    /// - Returns: It, with the time by the store's clock.
    func create(_ action: BulkAction) async throws(StoreError) -> BulkAction

    /// Reads an action; nil when there is none.
    func action(_ id: UUID) async throws(StoreError) -> BulkAction?

    /// Reads a page of actions, newest first; of a tenant's, or of all.
    func actions(
        tenant: String?,
        page: ListPageRequest
    ) async throws(StoreError) -> ListPage<BulkAction>

    /// Takes an action that is not done and whose verb is one of these, for 30 s; nil when others have all
    /// of them, or there is none.
    func lease(_ verbs: [BulkAction.Verb]) async throws(StoreError) -> BulkAction?

    /// Notes what a step came to, and takes the action for another 30 s, or ends it.
    ///
    /// - Parameters:
    ///   - action: The action, as the step found it.
    ///   - step: What it came to.
    /// - Returns: The action; nil when somebody else has taken this step.
    /// - Throws: ``StoreError``.
    func advance(
        _ action: BulkAction,
        by step: BulkStep
    ) async throws(StoreError) -> BulkAction?
}

/// What a step of a bulk action came to.
public struct BulkStep: Equatable, Sendable {
    /// To how many it was done.
    public var done = 0
    /// To how many it could not be done.
    public var failed = 0
    /// Why it could not be done to one of them.
    public var failure: String?
    /// What the next step begins behind; nil after the last.
    public var cursor: ListCursor?

    /// Nothing.
    public init() {}

    /// Counts one: done, or not, and why.
    mutating func count(_ failure: String?) {
        if let failure {
            failed += 1
            self.failure = failure
        } else {
            done += 1
        }
    }
}
