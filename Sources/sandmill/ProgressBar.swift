/// How far a batch is, on one line that is redrawn.
struct ProgressBar {
    private static let width = 40

    private let total: Int
    private let started = ContinuousClock.now
    private var drawn = ContinuousClock.now - .seconds(1)

    init(total: Int) {
        self.total = total
    }

    /// Redraws the line, ten times a second at most, and at the end.
    mutating func show(finished: Int, failed: Int) {
        let now = ContinuousClock.now
        guard finished == total || now - drawn >= .milliseconds(100) else { return }
        drawn = now
        let filled = Self.width * finished / max(total, 1)
        let bar =
            String(repeating: "#", count: filled)
            + String(repeating: ".", count: Self.width - filled)
        var line = "[\(bar)] \(finished)/\(total)"
        if failed > 0 { line += ", \(failed) not succeeded" }
        if finished > 0, finished < total {
            let remaining = (now - started) * (total - finished) / finished
            line += ", about \(remaining.components.seconds + 1) s left"
        }
        Terminal.redraw(line)
        if finished == total { Terminal.writeError("") }
    }
}
