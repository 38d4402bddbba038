import Foundation
import SandmillEntity
import SandmillService
import Testing

@testable import sandmill

/// What `sandmill top` shows fits its terminal, whatever is in the figures.
@Suite struct TopScreenTests {
    private static func screen(running count: Int, tenant: String = "alice") -> TopScreen {
        TopScreen(
            cluster: "test",
            queues: [
                BrokerQueue(name: "q", pool: "python", level: .normal, ready: 7, consumers: 1)
            ],
            census: QueueStatistics(
                executions: [
                    .init(
                        pool: "python",
                        level: .normal,
                        state: .queued,
                        count: 5,
                        oldest: .seconds(90)
                    ),
                    .init(pool: "python", level: .normal, state: .running, count: 2),
                ],
                sandboxes: [],
                outbox: 3,
                deadLetters: ["invalid_request": 4],
                workers: 1
            ),
            workers: [
                WorkerRecord(
                    id: "host-a",
                    version: "1",
                    state: .draining,
                    registeredAt: Date(timeIntervalSince1970: 0),
                    expiresAt: Date(timeIntervalSince1970: 30),
                    drainingSince: Date(timeIntervalSince1970: 1),
                    drainedAt: nil,
                    running: 2,
                    slots: ["python": 4],
                    sandboxes: [:],
                    unacknowledged: [:]
                )
            ],
            activity: Activity(
                paces: [
                    .init(
                        pool: "python",
                        ended: 90,
                        unsuccessful: 6,
                        medianWait: .milliseconds(12),
                        longWait: .seconds(3)
                    )
                ],
                running: (0..<count).map { _ in
                    Activity.Running(
                        id: UUID(),
                        tenant: tenant,
                        pool: "python",
                        level: "normal",
                        runtime: "python",
                        worker: "host-a",
                        attempt: 1,
                        age: .seconds(4)
                    )
                }
            ),
            pools: ["python"],
            window: .seconds(60),
            time: Date(timeIntervalSince1970: 600)
        )
    }

    @Test(arguments: [80, 120], [24, 40])
    func itFitsTheTerminal(width: Int, height: Int) {
        let lines = Self.screen(running: 100, tenant: String(repeating: "t", count: 99))
            .lines(width: width, height: height)
        // The last line is left to the cursor.
        #expect(lines.count == height - 1)
        #expect(lines.allSatisfy { $0.count <= width })
    }

    @Test func itTellsWhatThereIsToDoAndWhatIsDone() throws {
        let lines = Self.screen(running: 2).lines(width: 120, height: 40)
        #expect(lines[0].hasPrefix("sandmill test"))
        #expect(lines[1] == "workers 1 (1 draining)   outbox 3   dead letters 4")
        let pool = try #require(lines.first { $0.hasPrefix("python") })
        // A worker that drains offers no slots.
        let words = pool.split(separator: " ").map(String.init)
        #expect(
            words == [
                "python", "0", "2", "12", "7", "1.5", "0.1", "12", "ms", "3.0", "s", "90", "s",
            ]
        )
        #expect(lines.contains { $0.hasPrefix("host-a  draining") })
        #expect(lines.count { $0.contains("alice") } == 2)
    }

    @Test func hostileTextStaysText() {
        let lines = Self.screen(running: 1, tenant: "\u{1B}[2J").lines(width: 80, height: 24)
        #expect(lines.allSatisfy { !$0.contains("\u{1B}") })
    }

    @Test(arguments: [
        (0.0123, "12 ms"), (0.9996, "1.0 s"), (3.14, "3.1 s"), (90, "90 s"), (600, "10 min"),
        (7_300, "2 h"), (200_000, "2 d"),
    ])
    func timesAreShort(seconds: Double, text: String) {
        #expect(TopScreen.time(.seconds(seconds)) == text)
    }
}
