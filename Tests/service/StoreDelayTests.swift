import Logging
import Synchronization
import Testing

@testable import SandmillService

@Suite("StoreDelay")
struct StoreDelayTests {
    @Test func whatWaitsForLongIsSaidOnceAndOnceMoreWhenItIsWritten() {
        let log = MessageLog()
        let clock = Mutex(ContinuousClock.now)
        let delay = StoreDelay(logger: log.logger) { clock.withLock { $0 } }
        func wait(_ duration: Duration) { clock.withLock { $0 += duration } }

        delay.note("ends", count: 1, because: "away")
        wait(.seconds(4))
        delay.note("ends", count: 1, because: "away")
        #expect(delay.description == nil)
        #expect(log.messages.isEmpty)

        wait(.seconds(2))
        for _ in 1...3 { delay.note("ends", count: 2, because: "refused") }
        delay.note("claims", count: 1, because: "refused")
        #expect(delay.description == "ends have not been written for 6 s: refused")
        #expect(log.messages.count == 1)

        delay.end("ends")
        delay.end("claims")
        #expect(delay.description == nil)
        #expect(log.messages.count == 2)
    }
}

/// Remembers what is logged.
private final class MessageLog: LogHandler, Sendable {
    private let entries = Mutex<[String]>([])

    var messages: [String] { entries.withLock { $0 } }
    var logger: Logger { Logger(label: "test") { _ in self } }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
    subscript(metadataKey _: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        entries.withLock { $0.append("\(event.message)") }
    }
}
