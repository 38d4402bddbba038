internal import Synchronization

/// How far back polls have to look.
///
/// While somebody holds an old snapshot (a dump, a replication slot) the server keeps all rows that have
/// changed since, and their index entries, and a poll that begins at the oldest reads them each time. But
/// what waits is added at the end of an index by time. So a poll looks back to the oldest row that its last
/// look found, ten seconds more for what was committed late, and to the very beginning each half minute only.
final class PollMarks: Sendable {
    /// One look of a poll.
    struct Look {
        fileprivate let poll: String
        fileprivate let begunAt = ContinuousClock.now
        /// How far back it looks, in seconds; nil for all.
        let age: Double?
    }

    private struct Mark {
        var oldest: ContinuousClock.Instant
        var lookedAtAllAt: ContinuousClock.Instant
    }

    private static let slack: Duration = .seconds(10)
    private static let interval: Duration = .seconds(30)

    private let marks = Mutex<[String: Mark]>([:])

    /// Begins a look.
    func begin(_ poll: String) -> Look {
        let now = ContinuousClock.now
        let mark = marks.withLock { $0[poll] }
        guard let mark, now - mark.lookedAtAllAt < Self.interval else {
            return Look(poll: poll, age: nil)
        }
        return Look(poll: poll, age: (now - mark.oldest + Self.slack) / .seconds(1))
    }

    /// Has every poll look at everything once.
    func forget() {
        marks.withLock { $0 = [:] }
    }

    /// Ends a look that saw all that waits, the oldest for so many seconds; nil when nothing does.
    func end(_ look: Look, oldest age: Double?) {
        marks.withLock { marks in
            let lookedAtAllAt = look.age == nil ? look.begunAt : marks[look.poll]?.lookedAtAllAt
            marks[look.poll] = Mark(
                oldest: look.begunAt - .seconds(1) * max(age ?? 0, 0),
                lookedAtAllAt: lookedAtAllAt ?? look.begunAt
            )
        }
    }
}
