internal import FoundationEssentials
internal import SandmillEntity
internal import SandmillService

/// `/ui/dead-letters`: what was refused, by its reason, until somebody decides about it.
struct DeadLetterScreens: Sendable {
    private static let pageSize = 100

    let letters: any DeadLetterStore
    let admissions: Admissions
    let census: SharedReading<QueueStatistics>
    let audit: any AuditLog

    private struct ListView: Sendable {
        struct Group: Sendable {
            let errorType: String
            let count: String
            let path: String
        }
        struct Row: Sendable {
            let id: Int64
            let errorType: String
            let reason: String
            let tenant: String
            let queue: String
            let kept: PageTime
        }

        let csrf: String
        let filter: String
        let isFiltered: Bool
        let hasGroups: Bool
        let groups: [Group]
        let hasRows: Bool
        let rows: [Row]
        let next: String?
    }

    func list(_ visit: Page.Visit) async throws -> Page.Screen {
        let type = try visit.request.parameter("error_type") ?? ""
        let below = try visit.request.parameter("below").flatMap { Int64($0) }
        let rows = try await letters.list(
            DeadLetterFilter(errorTypes: type == "" ? [] : [type]),
            below: below,
            limit: Self.pageSize
        )
        let counts = try await census.value().deadLetters
        let query = type == "" ? "" : "error_type=\(type.queryEscaped)&"
        let view = ListView(
            csrf: visit.formToken,
            filter: type == "" ? "" : "error_type=\(type.queryEscaped)",
            isFiltered: type != "",
            hasGroups: !counts.isEmpty,
            groups: counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
                .map { errorType, count in
                    ListView.Group(
                        errorType: errorType,
                        count: PageFormat.text(count),
                        path: "dead-letters?error_type=\(errorType.queryEscaped)"
                    )
                },
            hasRows: !rows.isEmpty,
            rows: rows.map { letter in
                ListView.Row(
                    id: letter.id,
                    errorType: letter.errorType,
                    reason: PageFormat.line(letter.reason, 200),
                    tenant: letter.tenant,
                    queue: letter.queue,
                    kept: PageTime(letter.keptAt)
                )
            },
            next: rows.count == Self.pageSize
                ? "dead-letters?\(query)below=\(rows[rows.count - 1].id)" : nil
        )
        return Page.Screen("Dead letters", .deadLetters, view, isLive: below == nil)
    }

    private struct OneView: Sendable {
        struct Fact: Sendable {
            let name: String
            let text: String
        }

        let csrf: String
        let id: Int64
        let errorType: String
        let reason: String
        let facts: [Fact]
        let kept: PageTime
        let body: String
        let isEditable: Bool
        let whyNot: String
    }

    func one(_ visit: Page.Visit) async throws -> Page.Screen {
        let stored = try await stored(visit)
        let letter = stored.letter
        let text = String(validating: letter.body, as: UTF8.self)
        var facts = [
            OneView.Fact(name: "Queue", text: letter.queue),
            OneView.Fact(name: "Message id", text: letter.properties.messageID ?? ""),
            OneView.Fact(name: "Routing key", text: letter.routingKey ?? ""),
            OneView.Fact(name: "Published by", text: letter.properties.appID ?? ""),
            OneView.Fact(name: "Body", text: PageFormat.text(letter.bodySize)),
        ]
        facts += letter.faults.dropFirst().map { OneView.Fact(name: "Also", text: $0.reason) }
        facts += letter.properties.headers.sorted { $0.key < $1.key }
            .map { OneView.Fact(name: $0.key, text: $0.value) }
        let view = OneView(
            csrf: visit.formToken,
            id: stored.id,
            errorType: letter.errorType,
            reason: letter.reason,
            facts: facts.filter { $0.text != "" },
            kept: PageTime(stored.keptAt),
            body: text ?? String(decoding: letter.body, as: UTF8.self),
            isEditable: text != nil && letter.isComplete,
            whyNot: text == nil
                ? "It is not text, so that it is requeued as it is."
                : "Only its beginning is kept."
        )
        return Page.Screen("Dead letter \(stored.id)", .deadLetter, view)
    }

    /// Sends it on its way again, mended where the form says something else.
    func requeue(_ visit: Page.Visit, body: String?) async throws {
        let stored = try await stored(visit)
        let text = String(validating: stored.letter.body, as: UTF8.self)
        // A browser sends a text's lines with CR LF (HTML Living Standard, section 4.10.22).
        let mended = body?.replacing("\r\n", with: "\n")
        let isMended =
            stored.letter.isComplete && text != nil && mended != nil
            && mended != text?.replacing("\r\n", with: "\n")
        let revision = Revision(body: isMended ? mended.map { Array($0.utf8) } : nil)
            .identified(for: stored.letter)
        try admissions.check(stored.letter, as: revision)
        switch try await letters.requeue([stored.id], as: revision).first {
        case .requeued: try await note("requeue", stored, visit)
        case .incomplete: throw Problem(.invalidRequest, "only the beginning of its body is kept")
        case .unaddressed: throw Problem(.invalidRequest, "nobody knows its routing key")
        case .unknown, nil: throw Problem.unknown("dead letter")
        }
    }

    /// Removes it for good.
    func purge(_ visit: Page.Visit) async throws {
        let stored = try await stored(visit)
        guard try await letters.purge([stored.id]).count == 1 else {
            throw Problem.unknown("dead letter")
        }
        try await note("purge", stored, visit)
    }

    private func note(
        _ action: String,
        _ stored: StoredDeadLetter,
        _ visit: Page.Visit
    ) async throws {
        try await audit.note(
            Act(
                actor: visit.caller.name,
                action: action,
                target: "dead_letter",
                subject: "\(stored.id)",
                tenant: stored.tenant
            )
        )
    }

    private func stored(_ visit: Page.Visit) async throws -> StoredDeadLetter {
        guard let id = Int64(visit.id) else { throw Problem.unknown("dead letter") }
        let letter = try await letters.letter(id)
        guard let letter else { throw Problem.unknown("dead letter") }
        return letter
    }
}
