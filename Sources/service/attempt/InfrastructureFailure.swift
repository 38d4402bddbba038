internal import SandmillEntity

/// Something we did wrong: the attempt is tried again, and the program is not blamed.
struct InfrastructureFailure: Error, Sendable {
    /// What it is called in the record, if no attempt succeeds.
    let reason: Outcome.Reason
    /// What happened, for the log.
    let message: String
    /// What a result had that could not be written, if that is what happened.
    private(set) var size = ByteCount.zero
    /// Whether the attempt counts among those after which an execution ends; not when any other would
    /// have met the same.
    var isCounted = true

    init(_ error: any Error) {
        switch error {
        case let fault as InfrastructureFailure:
            self = fault
        case let error as SandboxError:
            reason = error.code == .sandboxLost ? .sandboxLost : .engineUnavailable
            message = error.message
        case let error as ResultsError:
            reason = .resultsUnwritable
            message = error.message
            size = error.size
            isCounted = error.isOfResult
        case let error as StoreError:
            reason = .recordUnwritable
            message = error.message
        default:
            reason = .sandboxLost
            message = "\(error)"
        }
    }

    /// Whether a sandbox was lost, or none could be had.
    var isOfSandbox: Bool { reason == .sandboxLost || reason == .engineUnavailable }
}
