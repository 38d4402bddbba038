import ArgumentParser
import FoundationEssentials
import SandmillClient
import SandmillConfiguration
import SandmillService

/// Exit codes of sysexits.h that we use, and 1.
enum ExitStatus: Int32 {
    /// A program that was waited for did not succeed.
    case unsuccessful = 1
    /// EX_USAGE.
    case wrongUsage = 64
    /// EX_DATAERR.
    case wrongInput = 65
    /// EX_UNAVAILABLE.
    case unavailable = 69
    /// EX_CANTCREAT.
    case cannotCreate = 73
    /// EX_TEMPFAIL.
    case tryAgain = 75
    /// EX_CONFIG.
    case wrongConfiguration = 78
}

/// An error as the command line ends with it: what to say, and the exit code.
struct Failure: Error {
    let status: ExitStatus
    let message: String
    /// What mends it, where the error alone tells that.
    let remedy: String?

    init(_ status: ExitStatus, _ message: String, remedy: String? = nil) {
        self.status = status
        self.message = message
        self.remedy = remedy
    }

    /// Judges an error of a layer below; nil for those that ArgumentParser reports itself.
    init?(_ error: any Error) {
        switch error {
        case let failure as Failure:
            self = failure
        case let error as ClientError:
            self.init(ExitStatus(error.code), error.message)
        case let error as ConfigurationError:
            self.init(.wrongConfiguration, "the configuration is wrong\n\(error)")
        case let error as BrokerError:
            self.init(
                error.code == .unavailable ? .unavailable : .wrongConfiguration,
                error.message
            )
        case let error as StoreError where error.code == .schemaMismatch:
            self.init(.wrongConfiguration, error.message, remedy: "run sandmill migrate")
        case let error as StoreError:
            self.init(error.isRetryable ? .unavailable : .wrongConfiguration, error.message)
        case let error as SandboxError:
            self.init(
                error.code == .engineRefused ? .wrongConfiguration : .unavailable,
                error.message
            )
        case let error as ResultsError:
            self.init(.unavailable, error.message)
        case let error as BatchDraft.Problem:
            self.init(.wrongInput, "\(error)")
        default:
            return nil
        }
    }
}

extension ExitStatus {
    fileprivate init(_ code: ClientError.Code) {
        self =
            switch code {
            case .wrongUsage: .wrongUsage
            case .wrongInput: .wrongInput
            case .cannotCreate: .cannotCreate
            case .wrongConfiguration: .wrongConfiguration
            case .unavailable: .unavailable
            case .tryAgain: .tryAgain
            }
    }
}
