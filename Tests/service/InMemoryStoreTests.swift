import StoreConformance
import Testing

@Suite("InMemoryStore", .timeLimit(.minutes(5)))
struct InMemoryStoreTests {
    @Test(arguments: ExecutionStoreConformance.all)
    func itDoesAsAnExecutionStoreDoes(_ conformance: ExecutionStoreConformance) async throws {
        try await conformance.check(InMemoryStore(journal: Journal()))
    }

    @Test(arguments: DeadLetterStoreConformance.all)
    func itDoesAsADeadLetterStoreDoes(_ conformance: DeadLetterStoreConformance) async throws {
        try await conformance.check(InMemoryStore(journal: Journal()))
    }
}
