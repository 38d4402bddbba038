internal import FoundationEssentials
internal import SandmillEntity
internal import SandmillService

/// `/ui/actions`: something is done to many, after a look at how many they are.
struct BulkActionScreens: Sendable {
    let actions: BulkActions

    /// An action that is begun, or the question whether it is meant.
    enum Answer: Sendable {
        case begun(UUID)
        case question(Page.Screen)
    }

    /// Does what a form wants done to what is ticked in it, or to all that its list shows; at first it asks.
    func act(
        on target: BulkAction.Target,
        _ form: PageForm,
        for visit: Page.Visit
    ) async throws -> Answer {
        guard let verb = BulkAction.Verb(rawValue: form["action"] ?? "") else {
            throw Problem(.invalidRequest, "the form does not say what is to be done")
        }
        let isAll = form["of"] == "all"
        let ids = form.all("id")
        guard isAll || !ids.isEmpty else {
            throw Problem(.invalidRequest, "nothing is ticked")
        }
        let filter =
            isAll
            ? PageForm(Array((form["filter"] ?? "").utf8)).fields
                .map { ListParameter($0.name, $0.value) }
            : ids.map { ListParameter("id", $0) }
        let order = BulkOrder(
            on: target,
            filter: filter,
            verb: verb,
            tenant: visit.caller.scope,
            actor: visit.caller.name
        )
        guard visit.caller.operates || !order.needsOperator else {
            throw Problem(.forbidden, "only a token with the role operate may")
        }
        if form["confirmed"] == "yes" { return .begun(try await actions.begin(order).id) }
        let count = try await actions.count(order)
        return .question(Self.question(order, count, form))
    }

    private struct QuestionView: Sendable {
        struct Field: Sendable {
            let name: String
            let value: String
        }

        let csrf: String
        let question: String
        let detail: String
        let action: String
        let verb: String
        let fields: [Field]
        let back: String
    }

    private static func question(
        _ order: BulkOrder,
        _ count: Int,
        _ form: PageForm
    ) -> Page.Screen {
        let isOne = count == 1
        let things =
            switch order.target {
            case .executions: isOne ? "execution" : "executions"
            case .deadLetters: isOne ? "dead letter" : "dead letters"
            }
        let verb = verbs[order.verb] ?? order.verb.rawValue
        let list = order.target == .executions ? "executions" : "dead-letters"
        let kept = ["action", "of", "filter", "id"]
        let view = QuestionView(
            csrf: form["csrf"] ?? "",
            question: "\(verb) \(PageFormat.text(count)) \(things)?",
            detail: form["of"] == "all"
                ? "All that match now: \(order.filter.isEmpty ? "every one" : order.filter.query)."
                : "Those that were ticked.",
            action: "act",
            verb: verb,
            fields: form.fields.filter { kept.contains($0.name) }
                .map { QuestionView.Field(name: $0.name, value: $0.value) },
            back: "../\(list)" + (form["filter"].map { $0 == "" ? "" : "?\($0)" } ?? "")
        )
        return Page.Screen(verb, .confirm, view)
    }

    private static let verbs: [BulkAction.Verb: String] = [
        .cancel: "Cancel", .rerun: "Run again", .delete: "Delete", .requeue: "Requeue",
        .purge: "Purge",
    ]

    // MARK: - One

    private struct View: Sendable {
        let title: String
        let id: String
        let state: String
        let stateText: String
        let who: String
        let filter: String
        let matching: String
        let done: String
        let failed: String
        let failure: String?
        let share: Int
        let began: PageTime

        init(_ action: BulkAction, verb: String) {
            let isOver = action.finishedAt != nil
            let handled = action.done + action.failed
            title = "\(verb) \(PageFormat.words(action.target.rawValue))"
            id = action.id.text
            state = isOver ? "succeeded" : "running"
            stateText = isOver ? "completed" : "running"
            who = action.actor
            filter = action.filter.query
            matching = PageFormat.text(action.matching)
            done = PageFormat.text(action.done)
            failed = PageFormat.text(action.failed)
            failure = action.failure
            share =
                isOver ? 100 : action.matching == 0 ? 0 : min(100, 100 * handled / action.matching)
            began = PageTime(action.createdAt)
        }
    }

    func one(_ visit: Page.Visit) async throws -> Page.Screen {
        guard let id = visit.context.id else { throw Problem.unknown("bulk action") }
        let found = try await actions.action(id, tenant: visit.caller.scope)
        return try Self.screen(of: found)
    }

    private static func screen(of action: BulkAction?) throws -> Page.Screen {
        guard let action else { throw Problem.unknown("bulk action") }
        let verb = verbs[action.verb] ?? action.verb.rawValue
        return Page.Screen(
            verb,
            .bulkAction,
            View(action, verb: verb),
            isLive: action.finishedAt == nil
        )
    }
}
