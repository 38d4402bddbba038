public import FoundationEssentials

/// Keeps what people did.
public protocol AuditLog: Sendable {
    /// Notes what somebody did.
    func note(_ act: Act) async throws(StoreError)

    /// Reads a page of what was done, newest first: to what is a tenant's, nobody's or anybody's; for nil, to
    /// anything.
    func acts(
        tenant: String?,
        page: ListPageRequest
    ) async throws(StoreError) -> ListPage<AuditEntry>
}

/// What somebody did.
public struct Act: Equatable, Sendable {
    /// Who, for people: a token's name and prefix, or a user of a machine.
    public var actor: String
    /// What, such as `cancel`.
    public var action: String
    /// To what kind of thing, such as `execution`.
    public var target: String
    /// To which: an id, or the filter of many.
    public var subject: String
    /// Whose it was; nil for nobody's or anybody's.
    public var tenant: String?
    /// To how many.
    public var count: Int

    /// Describes an act.
    public init(
        actor: String,
        action: String,
        target: String,
        subject: String,
        tenant: String? = nil,
        count: Int = 1
    ) {
        self.actor = actor
        self.action = action
        self.target = target
        self.subject = subject
        self.tenant = tenant
        self.count = count
    }
}

/// An act that was noted.
public struct AuditEntry: Equatable, Sendable {
    /// Its number; later ones have higher ones.
    public var id: Int64
    /// When it was noted.
    public var time: Date
    /// What was done.
    public var act: Act

    /// Puts an entry together.
    public init(id: Int64, time: Date, act: Act) {
        self.id = id
        self.time = time
        self.act = act
    }

    /// The fields of ``json``, in the order in which a table has them.
    public static let fields = [
        "id", "at", "who", "action", "target", "subject", "tenant", "count",
    ]

    /// The entry as a document for programs.
    public var json: JSONValue {
        .object([
            "id": .integer(id),
            "at": .string(DocumentCoder.text(time)),
            "who": .string(act.actor),
            "action": .string(act.action),
            "target": .string(act.target),
            "subject": .string(act.subject),
            "tenant": .optional(act.tenant),
            "count": .integer(Int64(act.count)),
        ])
    }
}
