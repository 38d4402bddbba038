import FoundationEssentials
import SandmillEntity
import Testing

@testable import SandmillService

/// Every process finds the same trace of an execution.
@Suite struct TraceContextTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let id = UUID.random()

    @Test func aRequestsTraceIsGoneOnWith() {
        let context = TraceContext(of: Self.id, traceparent: "00-\(Self.trace)-b7ad6b7169203331-01")
        #expect(context?.traceID == Self.trace)
        #expect(context?.parentID == "b7ad6b7169203331")
    }

    @Test func whatIsNotSampledIsNotRecorded() {
        let parent = "00-\(Self.trace)-b7ad6b7169203331-00"
        #expect(TraceContext(of: Self.id, traceparent: parent) == nil)
    }

    @Test func withoutOneTheIDOfTheExecutionIsTheTrace() {
        let context = TraceContext(of: Self.id, traceparent: nil)
        #expect(context?.traceID.count == 32)
        #expect(context?.parentID == nil)
        #expect(context == TraceContext(of: Self.id, traceparent: nil))
    }
}
