internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import SandmillEntity
internal import SandmillService

/// `/bulk-actions`, what is done to all that match a filter, and `/audit`, who did what.
struct BulkRoutes: Sendable {
    private static let fields: Set = ["on", "filter", "action", "dry_run"]

    let reader: RequestReader
    let actions: BulkActions
    let audit: any AuditLog

    var routes: [Route] {
        [
            Route(.post, "/bulk-actions", .whoSubmits, parameters: [], handler: begin),
            Route(.get, "/bulk-actions", parameters: ListPageRequest.names, handler: list),
            Route(.get, "/bulk-actions/{id}", parameters: [], handler: show),
            Route(
                .get,
                "/audit",
                .whoOperates,
                parameters: ListPageRequest.names,
                handler: listActs
            ),
        ]
    }

    private func begin(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let caller = context.caller
        let body = try await reader.body(of: request, types: ["application/json"], for: caller)
        let (order, isDry) = try Self.order(body.bytes, caller)
        guard caller.operates || !order.needsOperator else {
            throw Problem(.forbidden, "only a token with the role operate may")
        }
        if isDry {
            let count = try await actions.count(order)
            return .json(JSONValue.object(["id": .null, "matching": .integer(Int64(count))]))
        }
        let action = try await actions.begin(order)
        return .json(
            JSONValue.object([
                "id": .string(action.id.text), "matching": .integer(Int64(action.matching)),
            ]),
            status: .accepted,
            headers: [.location: "/bulk-actions/\(action.id.text)"]
        )
    }

    private static func order(
        _ body: [UInt8],
        _ caller: Caller
    ) throws -> (order: BulkOrder, isDry: Bool) {
        guard
            case .object(let fields)? = try? JSONDecoder().decode(
                JSONValue.self,
                from: Data(body)
            )
        else { throw Problem(.invalidRequest, "the body: not a JSON object", pointer: "") }
        for name in fields.keys.sorted() where !Self.fields.contains(name) {
            throw Problem(
                .invalidRequest,
                "there is no such field",
                pointer: "/" + name.replacing("~", with: "~0").replacing("/", with: "~1")
            )
        }
        let target: BulkAction.Target = try word("on", in: fields)
        let verb: BulkAction.Verb = try word("action", in: fields)
        guard let filter = fields["filter"] else {
            throw Problem(.invalidRequest, "it is missing; {} means all", pointer: "/filter")
        }
        let isDry: Bool
        switch fields["dry_run"] {
        case nil: isDry = false
        case .bool(let flag): isDry = flag
        default: throw Problem(.invalidRequest, "not true or false", pointer: "/dry_run")
        }
        let order = BulkOrder(
            on: target,
            filter: try [ListParameter](filter),
            verb: verb,
            tenant: caller.scope,
            actor: caller.name
        )
        return (order, isDry)
    }

    private static func word<Word: RawRepresentable & CaseIterable>(
        _ name: String,
        in fields: [String: JSONValue]
    ) throws(Problem) -> Word where Word.RawValue == String {
        guard let word = fields[name]?.string.flatMap(Word.init(rawValue:)) else {
            let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problem(.invalidRequest, "it is none of \(words)", pointer: "/\(name)")
        }
        return word
    }

    private func list(_ request: Request, _ context: GatewayContext) async throws -> Response {
        var parameters = request.queryParameters
        let page = try ListPageRequest(takenFrom: &parameters)
        let found = try await actions.actions(tenant: context.caller.scope, page: page)
        return .page(
            found.items.map(\.json),
            called: "bulk_actions",
            fields: BulkAction.fields,
            next: found.next,
            for: request
        )
    }

    private func show(_ request: Request, _ context: GatewayContext) async throws -> Response {
        guard let id = context.id else { throw Problem.unknown("bulk action") }
        let action = try await actions.action(id, tenant: context.caller.scope)
        guard let action else { throw Problem.unknown("bulk action") }
        return .json(action.json)
    }

    private func listActs(_ request: Request, _ context: GatewayContext) async throws -> Response {
        var parameters = request.queryParameters
        let page = try ListPageRequest(takenFrom: &parameters)
        let found = try await audit.acts(tenant: context.caller.scope, page: page)
        return .page(
            found.items.map(\.json),
            called: "acts",
            fields: AuditEntry.fields,
            next: found.next,
            for: request
        )
    }
}
