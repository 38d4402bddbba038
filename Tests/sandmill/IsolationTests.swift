import Foundation
import Testing

extension SystemTests {
    /// Which sandboxes a tenant's executions get, as the record tells.
    @Suite(.installation(), .timeLimit(.minutes(5)))
    struct IsolationTests {
        @Test func freshExecutionsShareTheirSandboxesWithNobody() async throws {
            let installation = try Installation.current
            var sandboxes: [JSON] = []
            for isolation in ["fresh", "tenant", "fresh", "tenant", "fresh"] {
                let result = try await installation.result(
                    of: "print(1)",
                    ["isolation": .string(isolation)]
                )
                #expect(result["state"] == "succeeded")
                let attempts = try await installation.query(
                    """
                    select sandbox from attempts
                    where execution_id = '\(try #require(result["id"].string))'
                    """
                )
                let sandbox = attempts[0]["sandbox"]
                if isolation == "fresh" { #expect(!sandboxes.contains(sandbox)) }
                sandboxes.append(sandbox)
            }
            #expect(sandboxes[1] == sandboxes[3])
            #expect(Set(sandboxes).count == 4)
        }
    }
}
