import Foundation
import HTTPTypes
import Hummingbird
import Logging
import SandmillService
import TestSupport
import Testing

@testable import SandmillAPI

@Suite struct ProblemTests {
    private static let logger = Logger.silent

    private func document(_ problem: Problem) throws -> [String: any Sendable] {
        let json = try JSONSerialization.jsonObject(with: Data(problem.document))
        return try #require(json as? [String: any Sendable])
    }

    @Test(arguments: Problem.Kind.allCases)
    func everyKindIsAProblemDocument(kind: Problem.Kind) throws {
        let problem = Problem(kind, "it \"is\" so", pointer: "/files/0")
        let document = try document(problem)
        #expect(document["type"] as? String == "urn:sandmill:problem:\(kind.rawValue)")
        #expect(document["status"] as? Int == kind.status.code)
        #expect(document["title"] as? String == kind.title)
        #expect(document["detail"] as? String == "it \"is\" so")
        #expect(document["pointer"] as? String == "/files/0")
        #expect((400..<600).contains(kind.status.code))
        let headers = problem.response.headers
        #expect(headers[.contentType] == "application/problem+json")
        #expect(headers[.contentLength] == "\(problem.document.count)")
    }

    @Test func aRefusalKeepsItsPointer() throws {
        let refusal = RequestRefusal(.invalidRequest, at: "/limits/cpu_seconds", "too much")
        let problem = Problem(refusal, logger: Self.logger)
        #expect(problem.kind == .invalidRequest)
        #expect(problem.pointer == "/limits/cpu_seconds")
        #expect(problem.detail == "too much")
    }

    @Test(arguments: [
        (RequestRefusal.Kind.invalidRequest, 400), (.tooLarge, 413), (.idConflict, 409),
    ])
    func eachRefusalHasItsStatus(kind: RequestRefusal.Kind, status: Int) {
        let problem = Problem(RequestRefusal(kind, "no"), logger: Self.logger)
        #expect(problem.kind.status.code == status)
    }

    @Test func aStoreThatIsAwayIsWorthAnotherTry() {
        let problem = Problem(StoreError(.unavailable, "secret host"), logger: Self.logger)
        #expect(problem.kind == .unavailable)
        #expect(problem.headers[.retryAfter] == "2")
        #expect(!problem.detail.contains("secret"))
    }

    @Test func whatIsOurFaultIsNotTold() {
        struct Oops: Error {}
        for error in [Oops(), StoreError(.internal, "select * from executions")] as [any Error] {
            let problem = Problem(error, logger: Self.logger)
            #expect(problem.kind == .internal)
            #expect(!problem.detail.contains("select"))
        }
    }
}
