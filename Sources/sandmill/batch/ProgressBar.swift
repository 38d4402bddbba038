/// How far a batch is, on one line that is redrawn.
struct ProgressBar {
    private static let widest = 40
    private static let narrowest = 10

    private let width: Int
    private let started = ContinuousClock.now
    private var drawn = ContinuousClock.now - .seconds(1)
    /// How many had ended at the first look, which say nothing about the rate.
    private var head: Int?

    /// - Parameter width: How many columns there are; nil when that is not known.
    init(width: Int?) {
        self.width = width ?? 80
    }

    /// Draws the line before anything is known of so many members.
    func begin(size: Int?) {
        draw(BatchProgress(size: size), pace: Pace(ended: 0, in: .zero))
    }

    /// Redraws the line, ten times a second at most, and at the end.
    mutating func show(_ progress: BatchProgress) {
        let now = ContinuousClock.now
        guard progress.isComplete || now - drawn >= .milliseconds(100) else { return }
        drawn = now
        let first = head ?? progress.finished
        head = first
        draw(progress, pace: Pace(ended: progress.finished - first, in: now - started))
    }

    private func draw(_ progress: BatchProgress, pace: Pace) {
        Terminal.redraw(
            Self.line(
                finished: progress.finished,
                failed: progress.unsuccessful,
                of: progress.size,
                pace: pace,
                width: width
            )
        )
    }

    /// Ends the line, so that what comes is below it.
    func end() {
        Terminal.writeError("")
    }

    /// The bar, in at most `width` columns as far as the figures leave room for one.
    static func line(
        finished: Int,
        failed: Int,
        of size: Int?,
        pace: Pace,
        width: Int
    ) -> String {
        guard let size else { return "waiting for the batch to be taken in" }
        var figures = " \(finished)/\(size)"
        if failed > 0 { figures += ", \(failed) not succeeded" }
        if let rate = pace.shown { figures += ", \(rate)" }
        if finished < size, let rest = pace.time(for: size - finished) {
            figures += ", about \(rest.components.seconds + 1) s left"
        }
        let room = min(width - figures.count - 3, widest)
        guard room >= narrowest else { return String(figures.dropFirst()) }
        let filled = room * min(finished, size) / max(size, 1)
        let bar =
            String(repeating: "#", count: filled) + String(repeating: ".", count: room - filled)
        return "[\(bar)]" + figures
    }
}
