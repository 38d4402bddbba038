internal import FoundationEssentials
public import Logging
internal import SandmillEntity
public import ServiceLifecycle

/// Does bulk actions, step by step: each is a page of what matches, in the order of its list.
///
/// Several do different actions. Whoever dies in the middle of a step leaves it to the next, who does it
/// again, which changes nothing for what it was done to: a cancellation is there already, a rerun has an id
/// that follows from the action and the execution, and what was removed is not found.
public struct BulkActionRunner: Service {
    /// How many one step is done to.
    static let stepSize = 100

    private let store: any BulkActionStore
    private let executions: any ExecutionLists
    private let letters: any DeadLetterStore
    private let cancellations: Cancellations
    private let reruns: Reruns
    private let deletions: Deletions?
    private let poller: Poller

    /// Describes one.
    ///
    /// - Parameters:
    ///   - store: Where actions are kept.
    ///   - executions: Lists executions.
    ///   - letters: Keeps dead letters.
    ///   - cancellations: Cancels.
    ///   - reruns: Runs again.
    ///   - deletions: Removes executions; nil where the results directory cannot be written.
    ///   - clock: What it waits with.
    ///   - logger: Told what failed.
    public init(
        store: any BulkActionStore,
        executions: any ExecutionLists,
        letters: any DeadLetterStore,
        cancellations: Cancellations,
        reruns: Reruns,
        deletions: Deletions?,
        clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger
    ) {
        self.store = store
        self.executions = executions
        self.letters = letters
        self.cancellations = cancellations
        self.reruns = reruns
        self.deletions = deletions
        poller = Poller(clock: clock, logger: logger)
    }

    /// Looks once a second until a graceful shutdown.
    public func run() async throws {
        await poller.run([
            { try await work() },
            { try await deletions?.removeLeftFiles() },
        ])
    }

    /// Does one action.
    func work() async throws {
        let verbs = BulkAction.Verb.allCases.filter {
            ![.delete, .prune].contains($0) || deletions != nil
        }
        guard var action = try await store.lease(verbs) else { return }
        while !Task.isShuttingDownGracefully {
            let step = try await boundedStep(of: action)
            guard let next = try await store.advance(action, by: step), next.finishedAt == nil
            else {
                return
            }
            action = next
        }
    }

    /// A step, or the end of an action that cannot go on.
    private func boundedStep(of action: BulkAction) async throws -> BulkStep {
        do {
            return try await step(of: action)
        } catch let error as StoreError where error.code == .tooMuchToRead {
            var step = BulkStep()
            step.failure = error.message
            return step
        }
    }

    func step(of action: BulkAction) async throws -> BulkStep {
        switch action.target {
        case .executions: try await executionStep(of: action)
        case .deadLetters: try await deadLetterStep(of: action)
        }
    }

    private func executionStep(of action: BulkAction) async throws -> BulkStep {
        var step = BulkStep()
        guard var filter = try ExecutionFilter(action.filter).limited(to: action.tenant) else {
            return step
        }
        // What comes meanwhile is not meant, not even what the action itself makes.
        filter.until = min(filter.until ?? action.createdAt, action.createdAt)
        let page = try await executions.executions(
            filter,
            page: ListPageRequest(limit: Self.stepSize, after: action.cursor)
        )
        step.cursor = page.next
        let ids = page.items.map(\.id)
        guard !ids.isEmpty else { return step }
        switch action.verb {
        case .cancel:
            for outcome in try await cancellations.cancel(executions: ids, tenant: action.tenant) {
                step.count(outcome == .ended ? "it has ended" : nil)
            }
        case .rerun:
            let outcomes = try await reruns.rerun(
                ids,
                as: ids.map { action.id.combined(with: $0) },
                tenant: action.tenant
            )
            for outcome in outcomes { step.count(outcome.failure) }
        case .delete, .prune:
            guard let deletions else { throw StoreError(.internal, "nothing is removed here") }
            let isPrune = action.verb == .prune
            let held = Set(page.items.filter { isPrune && deletions.holds($0.labels) }.map(\.id))
            let deleted = try await deletions.delete(
                ids.filter { !held.contains($0) },
                because: isPrune ? .prune(action.actor) : .person(action.actor)
            )
            for id in ids where !deleted.contains(id) {
                step.count(
                    held.contains(id)
                        ? "a label holds it" : "it has not ended, or somebody has locked it"
                )
            }
            step.done += deleted.count
        case .requeue, .purge: break
        }
        return step
    }

    private func deadLetterStep(of action: BulkAction) async throws -> BulkStep {
        var step = BulkStep()
        guard var filter = try DeadLetterFilter(action.filter).limited(to: action.tenant) else {
            return step
        }
        filter.until = min(filter.until ?? action.createdAt, action.createdAt)
        let page = try await letters.page(
            filter,
            ListPageRequest(limit: Self.stepSize, after: action.cursor)
        )
        step.cursor = page.next
        let ids = page.items.map(\.id)
        guard !ids.isEmpty else { return step }
        if action.verb == .requeue {
            for outcome in try await letters.requeue(ids, as: Revision()) where outcome != .unknown
            {
                step.count(
                    outcome == .requeued
                        ? nil : "only its beginning is kept, or nobody knows its queue"
                )
            }
        } else {
            step.done = try await letters.purge(ids).count
        }
        return step
    }
}
