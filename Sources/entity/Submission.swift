public import FoundationEssentials

/// An accepted request: a program, whose it is, and how it wants to be treated.
public struct Submission: Equatable, Sendable {
    /// That an execution is one of a batch.
    public struct Membership: Equatable, Sendable {
        /// The batch.
        public var id: UUID
        /// How many members it has in all, from 1.
        public var size: Int

        /// Describes a membership.
        public init(id: UUID, size: Int) {
            self.id = id
            self.size = size
        }
    }

    /// The execution's id, chosen by the publisher: its idempotency key.
    public var id: UUID
    /// Whose it is; no two tenants share a sandbox.
    public var tenant: String
    /// The pool of sandboxes that runs it.
    public var pool: String
    /// How urgent it is.
    public var level: Level
    /// What it runs.
    public var program: Program
    /// How often, and on what; nil for once, on what the program itself says.
    public var tests: TestPlan?
    /// Who else may use its sandbox.
    public var isolation: Isolation
    /// The batch it belongs to.
    public var batch: Membership?
    /// It does not start before.
    public var notBefore: Date?
    /// It ends in `expired` when it has not started by then; nor is it run again behind it, but ends as its
    /// program did.
    public var deadline: Date?
    /// Echoed in the record and the event.
    public var labels: [String: String]
    /// When it is run again although it is the program that failed.
    public var retry: RetryPolicy?
    /// The execution of the same tenant that is cancelled in its favour.
    public var supersedes: UUID?
    /// How long it is kept from its end on; nil for as long as the configuration says.
    public var retention: Retention?
    /// The execution that it repeats.
    public var rerunOf: UUID?

    /// Describes a submission.
    public init(
        id: UUID,
        tenant: String,
        pool: String,
        level: Level,
        program: Program,
        tests: TestPlan? = nil,
        isolation: Isolation = .tenant,
        batch: Membership? = nil,
        notBefore: Date? = nil,
        deadline: Date? = nil,
        labels: [String: String] = [:],
        retry: RetryPolicy? = nil,
        supersedes: UUID? = nil,
        retention: Retention? = nil,
        rerunOf: UUID? = nil
    ) {
        self.id = id
        self.tenant = tenant
        self.pool = pool
        self.level = level
        self.program = program
        self.tests = tests
        self.isolation = isolation
        self.batch = batch
        self.notBefore = notBefore
        self.deadline = deadline
        self.labels = labels
        self.retry = retry
        self.supersedes = supersedes
        self.retention = retention
        self.rerunOf = rerunOf
    }
}
