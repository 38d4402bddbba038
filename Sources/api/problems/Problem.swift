internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import SandmillService

/// Why a request has no other answer: a problem document (RFC 9457).
struct Problem: Error {
    /// The kinds, each with a type URI.
    enum Kind: String, CaseIterable {
        case invalidRequest = "invalid_request"
        case unauthorized
        case forbidden
        case notFound = "not_found"
        case methodNotAllowed = "method_not_allowed"
        case tooSlow = "too_slow"
        case idConflict = "id_conflict"
        case notFinished = "not_finished"
        case alreadyEnded = "already_ended"
        case resultsGone = "results_gone"
        case cannotRequeue = "cannot_requeue"
        case tooMuchToRead = "too_much_to_read"
        case tooLarge = "too_large"
        case unsupportedMediaType = "unsupported_media_type"
        case rangeNotSatisfiable = "range_not_satisfiable"
        case tooManyRequests = "too_many_requests"
        case headerTooLarge = "header_too_large"
        case `internal`
        case overloaded
        case unavailable
    }

    /// The kind.
    let kind: Kind
    /// What is wrong with this request, safe to show.
    let detail: String
    /// The field of the body, as a JSON pointer.
    var pointer: String?
    /// Everything that is wrong with the body, where that is known; the first is the detail.
    var errors: [RequestRefusal.Fault]?
    /// Why what is asked for is not there: its message was refused.
    var deadLetter: JSONValue?
    /// Fields that the answer has as well.
    var headers: HTTPFields = [:]

    init(_ kind: Kind, _ detail: String, pointer: String? = nil, headers: HTTPFields = [:]) {
        self.kind = kind
        self.detail = detail
        self.pointer = pointer
        self.headers = headers
        // What is left of the request would have to be read before the next.
        if kind == .tooLarge || kind == .tooSlow { self.headers[.connection] = "close" }
    }

    /// What another's id gets too, so that nobody learns which ids there are.
    static func unknown(_ what: String) -> Problem {
        Problem(.notFound, "there is no such \(what)")
    }

    /// What has no record, because its message was refused.
    init(refused letter: StoredDeadLetter, _ what: String) {
        self.init(
            .notFound,
            "there is no such \(what): its message was refused, \(letter.letter.reason)"
        )
        deadLetter = .object([
            "id": .integer(letter.id),
            "kept_at": .string(DocumentCoder.text(letter.keptAt)),
            "error_type": .string(letter.letter.errorType),
            "reason": .string(letter.letter.reason),
            "errors": .array(letter.letter.faults.map(\.json)),
        ])
    }

    /// The answer.
    var response: Response {
        let body = document
        var headers = headers
        headers[.contentType] = "application/problem+json"
        headers[.contentLength] = "\(body.count)"
        headers[.cacheControl] = "no-store"
        return Response(
            status: kind.status,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body))
        )
    }

    /// The document.
    var document: [UInt8] {
        DocumentBody.encode(
            Document(
                type: "urn:sandmill:problem:\(kind.rawValue)",
                title: kind.title,
                status: kind.status.code,
                detail: detail,
                pointer: pointer,
                errors: errors,
                deadLetter: deadLetter
            )
        )
    }

    private struct Document: Encodable {
        let type: String
        let title: String
        let status: Int
        let detail: String
        let pointer: String?
        let errors: [RequestRefusal.Fault]?
        let deadLetter: JSONValue?

        private enum CodingKeys: String, CodingKey {
            case type
            case title
            case status
            case detail
            case pointer
            case errors
            case deadLetter = "dead_letter"
        }
    }
}

extension Problem.Kind {
    /// The status of the answer.
    var status: HTTPResponse.Status {
        switch self {
        case .invalidRequest: .badRequest
        case .unauthorized: .unauthorized
        case .forbidden: .forbidden
        case .notFound: .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .tooSlow: .requestTimeout
        case .idConflict, .notFinished, .alreadyEnded, .cannotRequeue: .conflict
        case .resultsGone: .gone
        case .tooLarge: .contentTooLarge
        case .tooMuchToRead: .unprocessableContent
        case .unsupportedMediaType: .unsupportedMediaType
        case .rangeNotSatisfiable: .rangeNotSatisfiable
        case .tooManyRequests: .tooManyRequests
        case .headerTooLarge: .requestHeaderFieldsTooLarge
        case .internal: .internalServerError
        case .overloaded, .unavailable: .serviceUnavailable
        }
    }

    /// What the kind is called, for people.
    var title: String {
        switch self {
        case .invalidRequest: "The request is not valid"
        case .unauthorized: "A token is needed"
        case .forbidden: "The token does not allow it"
        case .notFound: "There is no such thing"
        case .methodNotAllowed: "The resource does not have this method"
        case .tooSlow: "The request came too slowly"
        case .idConflict: "The id is in use for another request"
        case .notFinished: "The execution has not ended"
        case .alreadyEnded: "The execution has ended already"
        case .resultsGone: "The results are no longer kept"
        case .cannotRequeue: "The dead letter cannot be requeued so"
        case .tooMuchToRead: "Too much would have to be read"
        case .tooLarge: "The body is too large"
        case .unsupportedMediaType: "The body is of another type"
        case .rangeNotSatisfiable: "The range lies outside"
        case .tooManyRequests: "There are too many requests"
        case .headerTooLarge: "The head of the request is too large"
        case .internal: "Something went wrong here"
        case .overloaded: "Too much is being waited for"
        case .unavailable: "A server that is needed cannot be reached"
        }
    }
}
