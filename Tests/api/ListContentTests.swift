import FoundationEssentials
import HTTPTypes
import Hummingbird
import SandmillService
import Testing

@testable import SandmillAPI

/// What every list has: parameters that are known, and one of two content types.
@Suite struct ListContentTests {
    private static func request(_ path: String, accept: String? = nil) -> Request {
        var fields = HTTPFields()
        fields[.accept] = accept
        return Request(
            head: HTTPRequest(
                method: .get,
                scheme: "http",
                authority: "localhost",
                path: path,
                headerFields: fields
            ),
            body: .init(buffer: ByteBuffer())
        )
    }

    @Test(arguments: [
        (nil, false), ("*/*", false), ("text/csv", true), ("application/json", false),
        ("text/csv, application/json", false), ("text/csv;q=0.5, application/json;q=0.4", true),
        ("text/*", true), ("TEXT/CSV", true), ("application/json, text/csv;q=0.9", false),
        ("text/csv;q=0, */*", false), ("text/html, text/csv", true),
    ])
    func csvIsForThoseWhoWouldRatherHaveIt(accept: String?, isCSV: Bool) {
        #expect(Self.request("/workers", accept: accept).prefersCSV == isCSV)
    }

    @Test func anUnknownParameterIsNamed() throws {
        let request = Self.request("/list?state=a&state=b&label.x=1")
        try request.allowParameters(["state"], prefixes: ["label."])
        let problem = #expect(throws: Problem.self) { try request.allowParameters(["state"]) }
        #expect(problem?.kind == .invalidRequest)
        #expect(problem?.detail == "there is no parameter label.x; there are state")
        #expect(throws: Problem.self) { try request.allowParameters([]) }
    }

    @Test func aPlusIsASpaceAndAnEncodedOneIsNot() {
        #expect(
            Self.request("/list?label.x=a+b%2Bc%3D&live&since=").queryParameters == [
                ListParameter("label.x", "a b+c="), ListParameter("live", ""),
                ListParameter("since", ""),
            ]
        )
    }

    @Test(arguments: ["+01:00", " 01:00"])
    func theOffsetOfATimeMayBeLeftAsItIs(offset: String) throws {
        let filter = try ExecutionFilter([ListParameter("since", "2026-11-30T10:00:00\(offset)")])
        #expect(filter.since?.timeIntervalSince1970 == 1_796_029_200)
    }
}
