/// Where an execution is.
///
/// It moves from `queued` to `running` to one terminal state, and back to `queued` only when an
/// attempt was lost to a fault of ours, or its request asks for another.
public enum ExecutionState: String, CaseIterable, Codable, Sendable {
    /// Accepted, not started.
    case queued
    /// Claimed by a worker.
    case running
    /// Exit code 0, within all limits.
    case succeeded
    /// The program's own doing.
    case failed
    /// Above its wall or CPU limit.
    case timedOut = "timed_out"
    /// Above its memory limit.
    case outOfMemory = "out_of_memory"
    /// Killed for writing more than is kept, where the pool's policy is to kill.
    case outputExceeded = "output_exceeded"
    /// Somebody asked for its end.
    case cancelled
    /// Its deadline passed before it started.
    case expired
    /// Our fault, after all attempts.
    case errored

    /// Whether it is an end.
    public var isTerminal: Bool {
        switch self {
        case .queued, .running: false
        default: true
        }
    }
}
