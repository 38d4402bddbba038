import SandmillService
import StoreConformance
import Testing

@Suite("InMemoryStore does as its ports say", .timeLimit(.minutes(5)))
struct InMemoryStoreTests {
    @Test(
        arguments: Conformance<Stores>.ofExecutionStores + Conformance<Stores>.ofCancellationStores
            + Conformance<Stores>.ofDeadLetterStores + Conformance<Stores>.ofOutboxes
            + Conformance<Stores>.ofWorkerRegistries
    )
    func itConforms(_ conformance: Conformance<Stores>) async throws {
        let store = InMemoryStore(journal: Journal())
        try await conformance.check(
            Stores(
                executions: store,
                cancellations: store,
                letters: store,
                outbox: store,
                makeRegistry: { store }
            )
        )
    }

    @Test(arguments: Conformance<any ResultsStore>.ofResultsStores)
    func itsResultsConform(_ conformance: Conformance<any ResultsStore>) async throws {
        try await conformance.check(InMemoryResults(journal: Journal()))
    }
}
