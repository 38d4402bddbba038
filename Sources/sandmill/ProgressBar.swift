import SandmillClient

/// How far a batch is, on one line that is redrawn.
struct ProgressBar {
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
            ProgressLine.text(
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
}
