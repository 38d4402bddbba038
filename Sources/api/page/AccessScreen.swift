internal import FoundationEssentials
internal import SandmillService

/// `/ui/access`: who may use the gateway, and what people did.
struct AccessScreen: Sendable {
    let tokens: any AccessTokenStore
    let audit: any AuditLog

    private struct View: Sendable {
        struct Token: Sendable {
            let prefix: String
            let name: String
            let tenant: String
            let role: String
            let created: PageTime
            let used: PageTime?
            let state: String
        }
        struct Act: Sendable {
            let time: PageTime
            let who: String
            let action: String
            let subject: String
            let count: String
        }

        let tokens: [Token]
        let acts: [Act]
    }

    func screen(_ visit: Page.Visit) async throws -> Page.Screen {
        let now = Date()
        let view = View(
            tokens: try await tokens.list()
                .map { token in
                    View.Token(
                        prefix: token.prefix,
                        name: token.name,
                        tenant: token.tenant,
                        role: token.role.rawValue,
                        created: PageTime(token.createdAt),
                        used: token.lastUsedAt.map { PageTime($0) },
                        state: token.revokedAt != nil
                            ? "revoked"
                            : token.expiresAt.map { $0 <= now } == true ? "expired" : "valid"
                    )
                },
            acts:
                try await audit
                .acts(tenant: visit.caller.scope, page: ListPageRequest()).items
                .map { entry in
                    View.Act(
                        time: PageTime(entry.time),
                        who: entry.act.actor,
                        action: PageFormat.words(entry.act.action),
                        subject: "\(PageFormat.words(entry.act.target)) \(entry.act.subject)",
                        count: PageFormat.text(entry.act.count)
                    )
                }
        )
        return Page.Screen("Access", .access, view)
    }
}
