internal import FoundationEssentials
internal import SandmillEntity
internal import SandmillService

/// `/ui/try`: a form that runs a program.
struct TryScreen: Sendable {
    private static let example = """
        import platform

        print("Hello from Python", platform.python_version())
        """

    let admissions: Admissions
    let pools: [String]

    private struct View: Sendable {
        let csrf: String
        let source: String
        let pools: [String]
    }

    func screen(_ visit: Page.Visit) -> Page.Screen {
        let view = View(csrf: visit.formToken, source: Self.example, pools: pools)
        return Page.Screen("Try it", .tryIt, view)
    }

    private struct Draft: Encodable {
        let source: String
        let stdin: String?
        let runtime: String?
    }

    /// Submits what the form says; the id of its execution.
    func run(_ form: PageForm, for visit: Page.Visit) async throws -> UUID {
        let pool = form["pool"] ?? ""
        guard pools.contains(pool), let level = Level(rawValue: form["level"] ?? "") else {
            throw Problem(.invalidRequest, "the form names a pool or a level that there is not")
        }
        let draft = Draft(
            source: Self.lines(form["source"]) ?? "",
            stdin: Self.lines(form["stdin"]),
            runtime: form["runtime"].flatMap { $0 == "" ? nil : $0 }
        )
        let message = RequestMessage(
            properties: MessageProperties(
                contentType: "application/json",
                messageID: UUID.random().text,
                appID: "sandmill-page",
                headers: ["tenant": visit.caller.tenant]
            ),
            body: DocumentBody.encode(draft)
        )
        return try await admissions.submit(message, pool: pool, level: level).id
    }

    /// A text of a form, in which lines end with CR LF; nil for an empty one.
    private static func lines(_ text: String?) -> String? {
        text.flatMap { $0 == "" ? nil : $0.replacing("\r\n", with: "\n") }
    }
}
