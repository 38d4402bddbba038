import SandmillRepository
import StoreConformance
import Testing

@Suite("PostgreSQL does as its ports say", .serialized, .timeLimit(.minutes(5)))
struct ConformanceTests {
    @Test(arguments: Conformance<Stores>.ofExecutionStores)
    func executionStore(_ conformance: Conformance<Stores>) async throws {
        try await RecordStore.with { try await conformance.check(Stores($0)) }
    }

    @Test(arguments: Conformance<Stores>.ofCancellationStores)
    func cancellationStore(_ conformance: Conformance<Stores>) async throws {
        try await RecordStore.with { try await conformance.check(Stores($0)) }
    }

    @Test(arguments: Conformance<Stores>.ofDeadLetterStores)
    func deadLetterStore(_ conformance: Conformance<Stores>) async throws {
        try await RecordStore.with { try await conformance.check(Stores($0)) }
    }

    @Test(arguments: Conformance<Stores>.ofOutboxes)
    func outbox(_ conformance: Conformance<Stores>) async throws {
        try await RecordStore.with { try await conformance.check(Stores($0)) }
    }

    @Test(arguments: Conformance<Stores>.ofWorkerRegistries)
    func workerRegistry(_ conformance: Conformance<Stores>) async throws {
        try await RecordStore.with { try await conformance.check(Stores($0)) }
    }
}

extension Stores {
    fileprivate init(_ store: RecordStore) {
        self.init(
            executions: store.executions,
            cancellations: store.cancellations,
            letters: store.letters,
            outbox: store.outbox,
            makeRegistry: { PostgreSQLWorkerRegistry(store.database) }
        )
    }
}
