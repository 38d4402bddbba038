import FoundationEssentials
import SandmillEntity
import SandmillService
import Testing

@Suite("Isolation in requests")
struct IsolationTests {
    @Test(arguments: Isolation.allCases)
    func aRequestThatDoesNotAskGetsThePools(isolation: Isolation) throws {
        #expect(try decode(#"{"source": ""}"#, in: isolation) == isolation)
    }

    @Test(arguments: Isolation.allCases)
    func everyRequestMayAskForAFreshSandbox(pool: Isolation) throws {
        #expect(try decode(#"{"source": "", "isolation": "fresh"}"#, in: pool) == .fresh)
    }

    @Test(
        arguments: [
            (#""tenant""#, Isolation.fresh), (#""none""#, .tenant), (#""""#, .tenant),
            ("true", .tenant),
        ]
    )
    func lessOrOtherIsolationIsRefused(value: String, pool: Isolation) throws {
        let refusal = #expect(throws: RequestRefusal.self) {
            try decode(#"{"source": "", "isolation": \#(value)}"#, in: pool)
        }
        #expect(refusal?.pointer == "/isolation")
    }

    private func decode(_ body: String, in isolation: Isolation) throws -> Isolation {
        let pool = SubmissionDecoder.Pool(
            name: "p",
            runtimes: [.python],
            limits: LimitPolicy(defaults: .sample, maxima: .sample, killsOnExcessOutput: false),
            isolation: isolation
        )
        let properties = MessageProperties(messageID: UUID().uuidString)
        return try SubmissionDecoder(pool: pool).decode(
            RequestMessage(properties: properties, body: Array(body.utf8)),
            level: .normal
        ).isolation
    }
}
