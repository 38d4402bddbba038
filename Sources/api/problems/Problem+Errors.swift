internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import SandmillService

extension Problem {
    /// Says what an error of a layer below means to a client; the one place that does.
    ///
    /// What a client can do nothing about is logged, and told only as much as it may know.
    init(_ error: any Error, logger: Logger) {
        switch error {
        case let problem as Problem:
            self = problem
        case let refusal as RequestRefusal:
            self.init(
                Kind(refusal.kind),
                refusal.pointer == "" ? "the body: \(refusal.message)" : refusal.message,
                pointer: refusal.pointer
            )
            errors = refusal.faults
            if refusal.kind == .unsupportedEncoding {
                headers[.acceptEncoding] = "gzip, identity"
            }
        case let refusal as ListRefusal:
            self.init(
                .invalidRequest,
                "the parameter \(refusal.parameter) \(refusal.message)"
            )
        case let error as StoreError where error.code == .tooMuchToRead:
            self.init(.tooMuchToRead, error.message)
        case let error as StoreError where error.isRetryable || error.code == .accessRefused:
            logger.warning("The record store failed.", metadata: ["reason": "\(error.message)"])
            self.init(
                .unavailable,
                "the record store cannot be reached",
                headers: [.retryAfter: "2"]
            )
        case let error as StoreError where error.code == .unstorable:
            self.init(.invalidRequest, "the request has a value that cannot be stored")
        case let error as BrokerError:
            logger.warning("The broker failed.", metadata: ["reason": "\(error.message)"])
            self.init(
                .unavailable,
                "the broker cannot be reached",
                headers: [.retryAfter: "2"]
            )
        case is TokenDirectory.Stale:
            self.init(.unavailable, "the tokens cannot be read", headers: [.retryAfter: "2"])
        case let error as ResultsError:
            logger.error("Results failed.", metadata: ["reason": "\(error.message)"])
            self.init(
                .unavailable,
                "the results cannot be read",
                headers: [.retryAfter: "5"]
            )
        case let error as HTTPError where error.status == .notFound:
            self.init(.notFound, "there is no such resource")
        default:
            logger.error("A request failed.", metadata: ["reason": "\(error)"])
            self.init(.internal, "the server's log tells what happened")
        }
    }
}

extension Problem.Kind {
    fileprivate init(_ kind: RequestRefusal.Kind) {
        switch kind {
        case .invalidRequest: self = .invalidRequest
        case .tooLarge: self = .tooLarge
        case .unsupportedEncoding: self = .unsupportedMediaType
        case .idConflict: self = .idConflict
        case .forbiddenTenant: self = .forbidden
        }
    }
}
