internal import FoundationEssentials
internal import SandmillEntity
internal import SandmillService

/// `/ui/batches`: how far batches are, and what became of their members.
struct BatchScreens: Sendable {
    private static let pageSize = 50

    let finder: TenantScopedRecords
    let lists: any BatchLists
    let results: any BatchResults

    // MARK: - All

    private struct ListView: Sendable {
        struct Row: Sendable {
            let id: String
            let shortID: String
            let pool: String
            let tenant: String
            let share: Int
            let size: String
            let succeeded: String
            let others: String
            let submitted: PageTime
        }

        let seesAll: Bool
        let hasRows: Bool
        let rows: [Row]
        let next: String?
    }

    func list(_ visit: Page.Visit) async throws -> Page.Screen {
        var page = ListPageRequest(limit: Self.pageSize)
        if let text = try visit.request.parameter("cursor") {
            guard let cursor = ListCursor(text) else {
                throw Problem(.invalidRequest, "the cursor is not what a page said comes next")
            }
            page.cursor = cursor
        }
        let filter = BatchFilter().limited(to: visit.caller.scope)
        let found: ListPage<BatchRecord>? =
            if let filter { try await lists.batches(filter, page: page) } else { nil }
        let rows = found?.items ?? []
        let view = ListView(
            seesAll: visit.caller.actsForAll,
            hasRows: !rows.isEmpty,
            rows: rows.map { batch in
                let succeeded = batch.counts[.succeeded] ?? 0
                let others = batch.counts.values.reduce(0, +) - succeeded + batch.refused
                return ListView.Row(
                    id: batch.id.text,
                    shortID: PageFormat.short(batch.id),
                    pool: batch.pool,
                    tenant: batch.tenant,
                    share: batch.share,
                    size: PageFormat.text(batch.size),
                    succeeded: PageFormat.text(succeeded),
                    others: PageFormat.text(others),
                    submitted: PageTime(batch.submittedAt)
                )
            },
            next: found?.next.map { "batches?cursor=\($0.text)" }
        )
        return Page.Screen("Batches", .batches, view, isLive: page.cursor == nil)
    }

    // MARK: - One

    private struct View: Sendable {
        struct Part: Sendable {
            let state: String
            let name: String
            let count: String
            let x: Int
            let width: Int
            let path: String
        }
        struct Row: Sendable {
            let id: String
            let shortID: String
            let labels: [String]
            let state: String
            let stateText: String
            let reason: String
            let wall: String
            let cases: String
            let score: String
            let preview: String
        }

        let csrf: String
        let id: String
        let size: String
        let pool: String
        let tenant: String
        let canCancel: Bool
        let membersPath: String
        let csvPath: String
        let share: Int
        let pending: String
        let pace: String?
        let left: String?
        let took: String?
        let parts: [Part]
        let rows: [Row]
        let next: String?
    }

    func one(_ visit: Page.Visit) async throws -> Page.Screen {
        let batch = try await finder.batch(visit.context)
        let after = try visit.request.parameter("after").flatMap(UUID.init(text:))
        let page = try await results.results(of: batch.id, after: after, limit: Self.pageSize)
        let elapsed = (batch.finishedAt ?? Date()).timeIntervalSince(batch.submittedAt)
        let ended = batch.size - batch.pending
        let pace = elapsed > 0 ? Double(ended) / elapsed : 0
        let isOver = batch.finishedAt != nil
        let members = "../executions?batch=\(batch.id.text)"
        let view = View(
            csrf: visit.formToken,
            id: batch.id.text,
            size: PageFormat.text(batch.size),
            pool: batch.pool,
            tenant: batch.tenant,
            canCancel: !isOver && visit.caller.submits,
            membersPath: members,
            csvPath: "../csv/executions?batch=\(batch.id.text)&limit=1000",
            share: batch.share,
            pending: PageFormat.text(batch.pending),
            pace: isOver || pace == 0 ? nil : "\((pace * 10).rounded() / 10)",
            left: isOver || pace == 0
                ? nil : PageFormat.text(.seconds(Double(batch.pending) / pace)),
            took: isOver ? PageFormat.text(.seconds(elapsed)) : nil,
            parts: Self.parts(of: batch, members),
            rows: try page.map { try Self.row(of: $0) },
            next: page.count == Self.pageSize
                ? "\(batch.id.text)?after=\(page[page.count - 1].id.text)" : nil
        )
        return Page.Screen(
            "Batch \(PageFormat.short(batch.id))",
            .batch,
            view,
            isLive: !isOver && after == nil
        )
    }

    private static func parts(of batch: BatchRecord, _ members: String) -> [View.Part] {
        let width = 960.0
        var x = 0.0
        return ExecutionState.allCases
            .compactMap { state in
                guard let count = batch.counts[state], count > 0 else { return nil }
                let share = width * Double(count) / Double(max(1, batch.size))
                defer { x += share }
                return View.Part(
                    state: state.rawValue,
                    name: PageFormat.words(state.rawValue),
                    count: PageFormat.text(count),
                    x: Int(x),
                    width: max(1, Int(share)),
                    path: "\(members)&state=\(state.rawValue)"
                )
            }
    }

    private static func row(of member: MemberResult) throws -> View.Row {
        let document = try RecordedResult(document: member.document.utf8)
        let accepted = document.cases?.count { $0.verdict?.known == .accepted }
        let output = document.ending.stdout?.preview ?? ""
        let failed = document.state.known != .succeeded && output == ""
        return View.Row(
            id: member.id.text,
            shortID: PageFormat.short(member.id),
            labels: document.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" },
            state: document.state.rawValue,
            stateText: PageFormat.words(document.state.rawValue),
            reason: PageFormat.words(document.ending.reason?.rawValue ?? ""),
            wall: PageFormat.text(seconds: document.ending.wallSeconds),
            cases: accepted.map { "\($0) of \(document.cases?.count ?? 0)" } ?? "",
            score: PageFormat.text(score: document.score, of: document.points),
            // What an interpreter says at last tells more than what it says first.
            preview: failed
                ? PageFormat.lastLine(document.ending.stderr?.preview ?? "", 60)
                : PageFormat.line(output, 60)
        )
    }
}

extension BatchRecord {
    /// How many of a hundred members have ended.
    fileprivate var share: Int { size == 0 ? 100 : 100 * (size - pending) / size }
}
