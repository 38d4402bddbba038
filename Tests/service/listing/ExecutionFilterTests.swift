import FoundationEssentials
import SandmillEntity
import SandmillService
import Testing

/// What the parameters of a list may be.
@Suite struct ExecutionFilterTests {
    private let now = Date(timeIntervalSince1970: 1_800_000_000)

    private func read(_ parameters: (String, String)...) throws(ListRefusal) -> ExecutionFilter {
        try ExecutionFilter(parameters.map { ListParameter($0.0, $0.1) }, now: now)
    }

    @Test func whatIsReadIsWrittenTheSame() throws {
        let filter = try read(
            ("state", "failed"),
            ("state", "errored"),
            ("reason", "exit_code"),
            ("pool", "python"),
            ("level", "high"),
            ("tenant", "acme"),
            ("batch", "0198c2a4-7b1e-7abc-8def-0123456789ab"),
            ("runtime", "python"),
            ("worker", "host-a"),
            ("label.a b", "c&d=é"),
            ("label.a b", "e"),
            ("id", "0198C2A4-7b"),
            ("since", "1d"),
            ("until", "2027-01-15T08:00:00.500Z")
        )
        #expect(filter.states == [.failed, .errored])
        #expect(filter.labels == ["a b": ["c&d=é", "e"]])
        #expect(filter.since == now - 86_400)
        #expect(filter.ids.first?.lowest.text == "0198c2a4-7b00-0000-0000-000000000000")
        #expect(filter.ids.first?.highest.text == "0198c2a4-7bff-ffff-ffff-ffffffffffff")
        #expect(try ExecutionFilter(filter.parameters) == filter)
        #expect(try ExecutionFilter([ListParameter](filter.parameters.json)) == filter)
        #expect(filter.parameters.query.contains("label.a%20b=c%26d%3D%C3%A9&label.a%20b=e"))
    }

    @Test(arguments: [
        ("stat", "failed"), ("state", "lost"), ("state", ""), ("level", "urgent"),
        ("tenant", "a b"), ("batch", "1"), ("id", "xyz"), ("id", "0198c2a47"), ("id", ""),
        ("since", "yesterday"), ("since", "1w"), ("since", "-1d"),
        ("since", "2026-02-30T00:00:00Z"),
        ("limit", "5"), ("label", "a=b"), ("reason", "a\0b"),
    ])
    func whatIsNotValidIsNamed(_ name: String, _ value: String) {
        let refusal = #expect(throws: ListRefusal.self) { _ = try read((name, value)) }
        #expect(refusal?.parameter == name)
    }

    @Test func aTimeIsThereOnce() {
        #expect(throws: ListRefusal.self) { _ = try read(("since", "1d"), ("since", "2d")) }
    }

    @Test func aTenantSeesItsOwn() throws {
        let all = ExecutionFilter()
        #expect(all.limited(to: "acme")?.tenants == ["acme"])
        #expect(all.limited(to: nil) == all)
        #expect(
            try read(("tenant", "a"), ("tenant", "acme")).limited(to: "acme")?.tenants == ["acme"]
        )
        #expect(try read(("tenant", "a")).limited(to: "acme") == nil)
    }

    @Test func aPageIsWithinItsBounds() throws {
        var parameters = [ListParameter("limit", "1000"), ListParameter("state", "failed")]
        let page = try ListPageRequest(takenFrom: &parameters)
        #expect(page.limit == 1_000)
        #expect(parameters == [ListParameter("state", "failed")])
        for text in ["0", "1001", "-1", "", "1.5", "+5"] {
            var parameters = [ListParameter("limit", text)]
            #expect(throws: ListRefusal.self) { _ = try ListPageRequest(takenFrom: &parameters) }
        }
        let cursor = ListCursor(microseconds: 1_800_000_000_000_001, id: UUID())
        #expect(ListCursor(cursor.text) == cursor)
        for text in ["", "abc", "AAAA", cursor.text + "A", String(repeating: "A", count: 2_000)] {
            #expect(ListCursor(text) == nil)
        }
    }
}
