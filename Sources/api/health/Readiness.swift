internal import ServiceLifecycle
internal import Synchronization

/// What works now: each check is made again and again, whether or not anybody asks.
///
/// So an answer takes no time, many who ask cost nothing, and a check that hangs is known to.
final class Readiness: Service {
    /// What is known of a check.
    struct Finding: Equatable, Sendable {
        let name: String
        /// Why it does not work; nil if it does.
        let failure: String?
    }

    private struct Knowledge {
        var failure: String? = "not checked yet"
        var startedAt: ContinuousClock.Instant?
    }

    private static let interval: Duration = .seconds(2)
    private static let patience: Duration = .seconds(3)

    private let checks: [HealthCheck]
    private let knowledge: Mutex<[Knowledge]>

    /// Makes `checks` while ``run()`` does.
    init(_ checks: [HealthCheck]) {
        self.checks = checks
        knowledge = Mutex([Knowledge](repeating: Knowledge(), count: checks.count))
    }

    /// Checks until a graceful shutdown.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for index in self.checks.indices {
                    group.addTask { await self.keepChecking(index) }
                }
            }
        }
    }

    /// What works, in the order of the checks.
    func findings(at now: ContinuousClock.Instant = .now) -> [Finding] {
        let known = knowledge.withLock { $0 }
        return zip(checks, known).map { check, known in
            let isLate = known.startedAt.map { now - $0 > Self.patience } ?? false
            let failure = isLate ? "it has not answered for \(Self.patience)" : known.failure
            return Finding(name: check.name, failure: failure)
        }
    }

    private func keepChecking(_ index: Int) async {
        repeat {
            knowledge.withLock { $0[index].startedAt = .now }
            let failure = await checks[index].failure()
            knowledge.withLock { $0[index] = Knowledge(failure: failure) }
        } while (try? await ContinuousClock().sleep(for: Self.interval)) != nil
    }
}
