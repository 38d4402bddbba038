public import FoundationEssentials
internal import SandmillEntity

/// Takes orders to do something to all that match a filter.
public struct BulkActions: Sendable {
    private let store: any BulkActionStore
    private let executions: any ExecutionLists
    private let letters: any DeadLetterStore

    /// Describes it.
    ///
    /// - Parameters:
    ///   - store: Where actions are kept; somebody with a ``BulkActionRunner`` does them.
    ///   - executions: Lists executions.
    ///   - letters: Lists dead letters.
    public init(
        store: any BulkActionStore,
        executions: any ExecutionLists,
        letters: any DeadLetterStore
    ) {
        self.store = store
        self.executions = executions
        self.letters = letters
    }

    /// Counts what an action would be done to.
    ///
    /// - Throws: ``ListRefusal`` for a filter or an action that there is not, ``StoreError``.
    public func count(_ order: BulkOrder) async throws -> Int {
        try order.check()
        switch order.target {
        case .executions:
            let filter = try ExecutionFilter(order.filter).limited(to: order.tenant)
            guard let filter else { return 0 }
            return try await executions.executionCount(filter, upTo: .max)
        case .deadLetters:
            let filter = try DeadLetterFilter(order.filter).limited(to: order.tenant)
            guard let filter else { return 0 }
            return try await letters.count(filter)
        }
    }

    /// Begins an action; ages in its filter count from now.
    ///
    /// - Throws: As ``count(_:)``.
    public func begin(_ order: BulkOrder) async throws -> BulkAction {
        let matching = try await count(order)
        let filter =
            switch order.target {
            case .executions: try ExecutionFilter(order.filter).parameters
            case .deadLetters: try DeadLetterFilter(order.filter).parameters()
            }
        return try await store.create(
            BulkAction(
                id: .random(),
                target: order.target,
                filter: filter,
                verb: order.verb,
                tenant: order.tenant,
                actor: order.actor,
                createdAt: Date(),
                matching: matching
            )
        )
    }

    /// Reads an action; nil when there is none that the tenant may see.
    public func action(_ id: UUID, tenant: String?) async throws(StoreError) -> BulkAction? {
        guard let action = try await store.action(id), tenant == nil || action.tenant == tenant
        else {
            return nil
        }
        return action
    }

    /// Reads a page of actions, newest first.
    public func actions(
        tenant: String?,
        page: ListPageRequest
    ) async throws(StoreError) -> ListPage<BulkAction> {
        try await store.actions(tenant: tenant, page: page)
    }
}

/// What somebody wants done to all that match a filter.
public struct BulkOrder: Equatable, Sendable {
    /// What it is done to.
    public var target: BulkAction.Target
    /// Which of them.
    public var filter: [ListParameter]
    /// What is done.
    public var verb: BulkAction.Verb
    /// Whose they have to be; nil for anybody's.
    public var tenant: String?
    /// Who wants it, for people.
    public var actor: String

    /// Describes an order.
    public init(
        on target: BulkAction.Target,
        filter: [ListParameter],
        verb: BulkAction.Verb,
        tenant: String?,
        actor: String
    ) {
        self.target = target
        self.filter = filter
        self.verb = verb
        self.tenant = tenant
        self.actor = actor
    }

    /// Whether only who operates the installation may want it.
    public var needsOperator: Bool { target == .deadLetters || [.delete, .prune].contains(verb) }

    func check() throws(ListRefusal) {
        let verbs: [BulkAction.Verb] =
            switch target {
            case .executions: [.cancel, .rerun, .delete, .prune]
            case .deadLetters: [.requeue, .purge, .delete]
            }
        guard verbs.contains(verb) else {
            let words = verbs.map(\.rawValue).joined(separator: ", ")
            throw ListRefusal("action", "is none of those for \(target.rawValue): \(words)")
        }
    }
}
