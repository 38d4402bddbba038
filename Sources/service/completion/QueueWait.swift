public import FoundationEssentials

/// Where a queued execution waits.
public struct QueueWait: Equatable, Sendable {
    /// What it waits for.
    public enum Place: String, Sendable {
        /// Its message is on its way through the broker.
        case broker
        /// A worker with room.
        case store
        /// The time before which it may not start.
        case time
        /// The end of another member of its batch.
        case batch
    }

    /// What it waits for.
    public var place: Place
    /// It is not started before.
    public var availableAt: Date
    /// How many of its level in its pool are due and came before it, counted up to 100,000.
    public var ahead: Int
    /// How long it would take to run those, if its level goes on as in the last minute; nil when
    /// nothing of it has ended in that.
    public var estimate: Duration?

    /// Puts a place together.
    public init(place: Place, availableAt: Date, ahead: Int, estimate: Duration?) {
        self.place = place
        self.availableAt = availableAt
        self.ahead = ahead
        self.estimate = estimate
    }
}
