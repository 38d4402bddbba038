internal import FoundationEssentials
internal import Hummingbird
internal import SandmillEntity
internal import SandmillService

/// `/ui/executions`: a page of the executions that a filter means; the filter is in the URL.
struct ExecutionListScreen: Sendable {
    private static let pageSize = 50

    let lists: any ExecutionLists

    private struct View: Sendable {
        struct State: Sendable {
            let name: String
            let text: String
            let isSelected: Bool
        }
        struct Row: Sendable {
            let id: String
            let shortID: String
            let state: String
            let stateText: String
            let reason: String
            let pool: String
            let level: String
            let tenant: String
            let labels: [String]
            let submitted: PageTime
            let wall: String
        }
        struct Field: Sendable {
            let name: String
            let value: String
        }
        struct Others: Sendable {
            let chips: [String]
        }

        let csrf: String
        let seesAll: Bool
        let acts: Bool
        let query: String
        let states: [State]
        let pool: String
        let tenant: String
        let reason: String
        let label: String
        let id: String
        let since: String
        let hidden: [Field]
        let others: Others?
        let hasRows: Bool
        let rows: [Row]
        let next: String?
        let isLater: Bool
        let newest: String
    }

    /// What the form asks for in fields of their own.
    private static let asked = ["state", "pool", "tenant", "reason", "label", "id", "since"]

    func screen(_ visit: Page.Visit) async throws -> Page.Screen {
        var parameters = try Self.parameters(of: visit.request)
        let written = parameters
        let page = try ListPageRequest(takenFrom: &parameters)
        let asked = try ExecutionFilter(parameters)
        let found = try await found(asked, page, visit.caller)
        func value(_ name: String) -> String {
            let values = parameters.filter { $0.name == name }
            return values.count == 1 ? values[0].value : ""
        }
        let labels = parameters.filter { $0.name.hasPrefix(ExecutionFilter.labelPrefix) }
        let label = labels.count == 1 ? labels[0] : nil
        let isInForm = { (parameter: ListParameter) in
            parameter == label
                || Self.asked.contains(parameter.name) && value(parameter.name) == parameter.value
        }
        let others = parameters.filter { !isInForm($0) }
        let query = parameters.query
        let view = View(
            csrf: visit.formToken,
            seesAll: visit.caller.actsForAll,
            acts: visit.caller.submits,
            query: asked.parameters.query,
            states: ExecutionState.allCases.map {
                View.State(
                    name: $0.rawValue,
                    text: PageFormat.words($0.rawValue),
                    isSelected: value("state") == $0.rawValue
                )
            },
            pool: value("pool"),
            tenant: value("tenant"),
            reason: value("reason"),
            label: label.map {
                "\($0.name.dropFirst(ExecutionFilter.labelPrefix.count))=\($0.value)"
            } ?? "",
            id: value("id"),
            since: value("since"),
            hidden: others.map { View.Field(name: $0.name, value: $0.value) },
            others: others.isEmpty
                ? nil : View.Others(chips: others.map { "\($0.name): \($0.value)" }),
            hasRows: !found.items.isEmpty,
            rows: found.items.map { Self.row(of: $0) },
            next: found.next.map {
                "executions?\((parameters + [ListParameter("cursor", $0.text)]).query)"
            },
            isLater: page.cursor != nil,
            newest: query == "" ? "executions" : "executions?\(query)"
        )
        return Page.Screen(
            "Executions",
            .executions,
            view,
            isLive: !written.contains { $0.name == "cursor" }
        )
    }

    /// The executions that the caller may see of those that are meant.
    private func found(
        _ filter: ExecutionFilter,
        _ page: ListPageRequest,
        _ caller: Caller
    ) async throws -> ListPage<ExecutionSummary> {
        guard let filter = filter.limited(to: caller.scope) else { return ListPage(items: []) }
        var page = page
        page.limit = Self.pageSize
        return try await lists.executions(filter, page: page)
    }

    /// The query, without what is empty in the form, and with its label as the filter has it.
    private static func parameters(of request: Request) throws -> [ListParameter] {
        var parameters: [ListParameter] = []
        for parameter in request.queryParameters
        where parameter.value != "" && parameter.name != "live" {
            guard parameter.name == "label" else {
                parameters.append(parameter)
                continue
            }
            let parts = parameter.value.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else {
                throw Problem(.invalidRequest, "a label is written key=value")
            }
            parameters.append(
                ListParameter(ExecutionFilter.labelPrefix + parts[0], String(parts[1]))
            )
        }
        return parameters
    }

    private static func row(of execution: ExecutionSummary) -> View.Row {
        View.Row(
            id: execution.id.text,
            shortID: PageFormat.short(execution.id),
            state: execution.state.rawValue,
            stateText: PageFormat.words(execution.state.rawValue),
            reason: PageFormat.words(execution.reason ?? ""),
            pool: execution.pool,
            level: execution.level == .normal ? "" : execution.level.rawValue,
            tenant: execution.tenant,
            labels: execution.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" },
            submitted: PageTime(execution.submittedAt),
            wall: PageFormat.text(seconds: execution.wallSeconds)
        )
    }
}
