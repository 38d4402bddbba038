import SandmillEntity
import ServiceLifecycle
import ServiceLifecycleTestKit
import TestSupport
import Testing

@testable import SandmillService

@Suite("WarmPool", .timeLimit(.minutes(5)))
struct WarmPoolTests {
    private let journal = Journal()
    private let engine: FakeEngine

    init() {
        engine = FakeEngine(journal: journal)
    }

    @Test func itGrowsToItsMaximumAndNoFurther() async throws {
        try await running(spare: 0, maximum: 3) { pool in
            let leases = try await Self.lease(3, from: pool)
            let fourth = Task { try await pool.lease(tenant: "a", memory: .mebibytes(128)) }
            for lease in leases { await pool.release(lease, reusable: true) }
            await pool.release(try await fourth.value, reusable: true)
        }
        #expect(engine.mostLive == 3)
    }

    @Test func aTenantGetsItsOwnSandboxAgain() async throws {
        try await running(spare: 1, maximum: 3) { pool in
            let first = try await pool.lease(tenant: "a", memory: .mebibytes(128))
            await pool.release(first, reusable: true)
            let second = try await pool.lease(tenant: "a", memory: .mebibytes(128))
            #expect(second.id == first.id)
            await pool.release(second, reusable: true)
        }
    }

    @Test func anotherTenantNeverDoes() async throws {
        try await running(spare: 1, maximum: 1) { pool in
            let first = try await pool.lease(tenant: "a", memory: .mebibytes(128))
            await pool.release(first, reusable: true)
            let second = try await pool.lease(tenant: "b", memory: .mebibytes(128))
            #expect(second.sandbox.id != first.sandbox.id)
            await pool.release(second, reusable: true)
        }
        #expect(journal.entries.contains(.destroyed(sandbox: "s1")))
    }

    @Test func oneForAnotherTenantStartsWhileAllAreUsed() async throws {
        try await running(spare: 0, maximum: 1) { [journal] pool in
            let first = try await pool.lease(tenant: "a", memory: .mebibytes(128))
            let other = Task { try await pool.lease(tenant: "b", memory: .mebibytes(128)) }
            await journal.wait(for: .started(sandbox: "s2"))
            #expect(!journal.entries.contains(.destroyed(sandbox: "s1")))
            await pool.release(first, reusable: true)
            // Nothing else happens: the owner looks by itself whether the pause is over.
            let second = try await other.value
            #expect(second.sandbox.id == "s2")
            await journal.wait(for: .destroyed(sandbox: "s1"))
            await pool.release(second, reusable: true)
        }
    }

    @Test func anUncleanSandboxIsReplaced() async throws {
        try await running(spare: 1, maximum: 1) { [journal] pool in
            await pool.release(
                try await pool.lease(tenant: "a", memory: .mebibytes(128)),
                reusable: false
            )
            await journal.wait(for: .destroyed(sandbox: "s1"))
            await journal.wait(for: .started(sandbox: "s2"))
        }
    }

    @Test func aLostSandboxIsNotHandedOut() async throws {
        try await running(spare: 1, maximum: 1) { [engine] pool in
            await pool.release(
                try await pool.lease(tenant: "a", memory: .mebibytes(128)),
                reusable: true
            )
            engine.live.first?.isLost = true
            let lease = try await pool.lease(tenant: "a", memory: .mebibytes(128))
            #expect(!lease.sandbox.isLost)
            await pool.release(lease, reusable: true)
        }
    }

    @Test func aSandboxWhoseLimitCannotBeSetIsReplaced() async throws {
        try await running(spare: 1, maximum: 1) { [journal] pool in
            await #expect(throws: SandboxError.self) {
                _ = try await pool.lease(tenant: "a", memory: .mebibytes(13))
            }
            await journal.wait(for: .started(sandbox: "s2"))
        }
    }

    @Test func whoWaitsGoesOnWaitingWhileTheEngineIsDown() async throws {
        engine.isDown = true
        try await running(spare: 0, maximum: 2) { [engine, journal] pool in
            let lease = Task { try await pool.lease(tenant: "a", memory: .mebibytes(128)) }
            await journal.wait(for: .startFailed, times: 2)
            engine.isDown = false
            await pool.release(try await lease.value, reusable: true)
        }
    }

    @Test func aFailingEngineIsNotAskedForMoreThanIsMissing() async throws {
        engine.isDown = true
        try await running(spare: 4, maximum: 8) { [journal] pool in
            await journal.wait(for: .startFailed, times: 4)
            for _ in 0..<50 { _ = await pool.records() }
            #expect(await pool.records().count == 4)
        }
    }

    @Test func itIsServiceableAgainOnceTheEngineIs() async throws {
        engine.isDown = true
        try await running(spare: 1, maximum: 1) { [engine, journal] pool in
            await journal.wait(for: .startFailed)
            engine.isDown = false
            await pool.waitUntilServiceable()
            #expect(journal.entries.contains(.started(sandbox: "s1")))
        }
    }

    @Test func itIsServiceableOnceNobodyWaitsForASandbox() async throws {
        engine.isDown = true
        try await running(spare: 0, maximum: 1) { [journal] pool in
            let lease = Task { try await pool.lease(tenant: "a", memory: .mebibytes(128)) }
            await journal.wait(for: .startFailed)
            lease.cancel()
            // Nobody else would find out whether the engine is up again.
            await pool.waitUntilServiceable()
            #expect(!Task.isCancelled)
        }
    }

    @Test func cancellationEndsTheWaitForAnEngine() async throws {
        engine.isDown = true
        try await running(spare: 1, maximum: 1) { [journal] pool in
            await journal.wait(for: .startFailed)
            let waiting = Task { await pool.waitUntilServiceable() }
            waiting.cancel()
            await waiting.value
        }
    }

    @Test func cancellationEndsTheWaitForASandbox() async throws {
        try await running(spare: 1, maximum: 1) { pool in
            let busy = try await pool.lease(tenant: "a", memory: .mebibytes(128))
            let waiting = Task { try await pool.lease(tenant: "a", memory: .mebibytes(128)) }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { _ = try await waiting.value }
            await pool.release(busy, reusable: true)
            let again = try await pool.lease(tenant: "a", memory: .mebibytes(128))
            await pool.release(again, reusable: true)
        }
    }

    @Test func aShutdownLeavesNothing() async throws {
        try await running(spare: 3, maximum: 5) { [journal] pool in
            await journal.wait(for: .started(sandbox: "s3"))
            let lease = try await pool.lease(tenant: "a", memory: .mebibytes(128))
            await pool.release(lease, reusable: true)
        }
        #expect(engine.live.isEmpty)
    }

    @Test func aShutdownWaitsForWhatIsLeased() async throws {
        let pool = WarmPool(spare: 1, maximum: 1, engine: engine)
        try await testGracefulShutdown { trigger in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await pool.run() }
                let lease = try await pool.lease(tenant: "a", memory: .mebibytes(128))
                trigger.triggerGracefulShutdown()
                await pool.release(lease, reusable: true)
                try await group.waitForAll()
            }
        }
        #expect(engine.live.isEmpty)
    }

    @Test func aShutdownFailsWhoStillWaits() async throws {
        engine.isDown = true
        let pool = WarmPool(spare: 0, maximum: 1, engine: engine)
        try await testGracefulShutdown { trigger in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await pool.run() }
                group.addTask {
                    await #expect(throws: CancellationError.self) {
                        _ = try await pool.lease(tenant: "a", memory: .mebibytes(128))
                    }
                }
                await journal.wait(for: .startFailed)
                trigger.triggerGracefulShutdown()
                try await group.waitForAll()
            }
        }
    }

    @Test func theRecordsSayWhatEverySandboxDoes() async throws {
        try await running(spare: 1, maximum: 2) { [journal] pool in
            let lease = try await pool.lease(tenant: "a", memory: .mebibytes(256))
            await journal.wait(for: .started(sandbox: "s2"))
            let leased = await pool.records().first { $0.state == "leased" }
            #expect(leased?.tenant == "a")
            #expect(leased?.container == lease.sandbox.id)
            #expect(leased?.memory == .mebibytes(256))
            await pool.release(lease, reusable: true)
        }
    }

    private static func lease(_ count: Int, from pool: WarmPool) async throws -> [SandboxLease] {
        var leases: [SandboxLease] = []
        for _ in 0..<count {
            leases.append(try await pool.lease(tenant: "a", memory: .mebibytes(128)))
        }
        return leases
    }

    /// Runs a pool while `body` does, then shuts it down and waits for its end.
    private func running(
        spare: Int,
        maximum: Int,
        _ body: @Sendable @escaping (WarmPool) async throws -> Void
    ) async throws {
        let pool = WarmPool(spare: spare, maximum: maximum, engine: engine)
        try await testGracefulShutdown { trigger in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await pool.run() }
                try await body(pool)
                trigger.triggerGracefulShutdown()
                try await group.waitForAll()
            }
        }
    }
}

extension WarmPool {
    fileprivate init(spare: Int, maximum: Int, engine: FakeEngine) {
        self.init(
            .sample(spare: spare, maximum: maximum),
            of: .sample,
            worker: "w1",
            engine: engine,
            logger: .silent
        )
    }
}
