internal import Foundation
internal import SandmillEntity
internal import SandmillService

/// How fast executions end.
public struct Pace: Sendable {
    /// Executions a second; nil when none has ended.
    public let rate: Double?

    /// So many ended in so long.
    public init(ended: Int, in time: Duration) {
        let seconds = time / .seconds(1)
        rate = ended > 0 && seconds > 0 ? Double(ended) / seconds : nil
    }

    /// The rate for a person, a second or a minute, whichever says more.
    public var shown: String? {
        rate.map {
            $0 >= 1 ? String(format: "%.1f/s", $0) : String(format: "%.1f/min", $0 * 60)
        }
    }

    /// How long so many more take at this rate.
    public func time(for count: Int) -> Duration? {
        rate.map { .seconds(min(Double(count) / $0, 1e9)) }
    }
}
