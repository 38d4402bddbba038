internal import Logging
internal import ServiceLifecycle

/// Looks at the store once a second or as it is told, and at once when it is called.
///
/// Several looks go on by themselves, none waiting for another. What is told during a look makes for one
/// more. A look that fails is taken again at the next time, and logged ever less often.
struct Poller: Sendable {
    typealias Look = @Sendable () async throws -> Void

    private let interval: Duration
    private let clock: any Clock<Duration>
    private let logger: Logger
    private let calls: AsyncStream<Void>
    private let call: AsyncStream<Void>.Continuation

    /// Describes a watch, which keeps time with `clock`.
    init(every interval: Duration = .seconds(1), clock: any Clock<Duration>, logger: Logger) {
        self.interval = interval
        self.clock = clock
        self.logger = logger
        (calls, call) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Has it look at once.
    func lookSoon() {
        call.yield()
    }

    /// Takes the looks until a graceful shutdown; runs once.
    func run(_ looks: [Look]) async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                while (try? await clock.sleep(for: interval)) != nil { lookSoon() }
            }
            group.addTask {
                try? await gracefulShutdown()
                call.finish()
            }
            await withTaskGroup { group in
                let looks = looks.map { look in
                    let (calls, call) = AsyncStream<Void>.makeStream(
                        bufferingPolicy: .bufferingNewest(1)
                    )
                    group.addTask {
                        var report = FailureReport()
                        for await _ in calls { await take(look, &report) }
                    }
                    return call
                }
                for await _ in calls { for look in looks { look.yield() } }
                for look in looks { look.finish() }
            }
            group.cancelAll()
        }
    }

    private func take(_ look: Look, _ report: inout FailureReport) async {
        do {
            try await look()
            report.end()
        } catch {
            guard report.isDue() else { return }
            logger.warning(
                "What waits could not be looked through.",
                metadata: [LogKey.reason: "\((error as? StoreError)?.message ?? "\(error)")"]
            )
        }
    }
}
