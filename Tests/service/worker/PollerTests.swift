import TestSupport
import Testing

@testable import SandmillService

@Suite("A watch of the store", .timeLimit(.minutes(5)))
struct PollerTests {
    @Test func noLookWaitsForAnother() async {
        let (held, seen) = (Gate(), Gate())
        let watch = Poller(clock: HastyClock(), logger: .silent)
        await withTaskGroup { group in
            group.addTask { await watch.run([{ await held.pass() }, { seen.open() }]) }
            await seen.pass()
            held.open()
            group.cancelAll()
        }
    }
}
