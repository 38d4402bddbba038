/// What became of a wish to end an execution.
public enum CancelOutcome: String, Equatable, Sendable {
    /// There is no such execution.
    case unknown
    /// It had ended already.
    case ended
    /// It is queued, and will not start.
    case queued
    /// It runs; its worker is to end it.
    case running
}
