internal import FoundationEssentials
internal import SandmillEntity
internal import SandmillService

/// How far a batch is, on one line.
public enum ProgressLine {
    private static let widest = 40
    private static let narrowest = 10

    /// The bar, in at most `width` columns as far as the figures leave room for one.
    public static func text(
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
