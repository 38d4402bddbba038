internal import CCurl

/// Why a request got no response, or why an upgraded stream ended before its time.
///
/// A response with an error status is not an error here: it is an ``HTTPResponse``.
public struct CurlError: Error, Sendable, Equatable {
    /// What went wrong, as far as a caller may want to tell cases apart.
    public enum Code: Sendable {
        /// The URL, a header or a setting cannot be sent as it is.
        case invalidRequest
        /// No connection could be made: a wrong name or address, or nothing listens there.
        case unreachable
        /// The TLS handshake failed: certificates, keys or versions do not fit.
        case handshakeFailed
        /// The connection was made, and broke.
        case connectionLost
        /// A time limit passed.
        case timedOut
        /// The response is not HTTP/1.1.
        case malformedResponse
        /// The response is larger than the request's limit.
        case responseTooLarge
        /// The task that asked was cancelled.
        case cancelled
        /// The stream was closed on this side.
        case closed
        /// Anything else that libcurl reports, such as want of memory.
        case failed
    }

    /// What went wrong.
    public let code: Code
    /// What went wrong, in a phrase that is safe to show; it names no host, path or header.
    public let summary: String
    /// What libcurl says of this very failure, for logs; it may name hosts and files.
    public let detail: String

    /// Whether the same request may succeed when it is made again later.
    ///
    /// It says nothing about whether the server has acted on the request already.
    public var isRetryable: Bool {
        switch code {
        case .unreachable, .connectionLost, .timedOut, .failed: true
        case .invalidRequest, .handshakeFailed, .malformedResponse, .responseTooLarge, .cancelled,
            .closed:
            false
        }
    }

    init(_ code: Code, _ summary: String, detail: String = "") {
        self.code = code
        self.summary = summary
        self.detail = detail
    }

    init(_ code: CURLcode, detail: String = "") {
        self.init(Code(code), unsafe String(cString: curl_easy_strerror(code)), detail: detail)
    }

    static let cancelled = CurlError(.cancelled, "the request was cancelled")
    static let closed = CurlError(.closed, "the stream is closed")
    static let timedOut = CurlError(.timedOut, "the response did not come in time")
    static let connectionLost = CurlError(.connectionLost, "the peer closed the connection")
}

extension CurlError: CustomStringConvertible, CustomDebugStringConvertible {
    /// ``summary``.
    public var description: String { summary }
    /// ``summary`` and ``detail``.
    public var debugDescription: String { detail.isEmpty ? summary : "\(summary): \(detail)" }
}

extension CurlError.Code {
    fileprivate init(_ code: CURLcode) {
        self =
            switch code {
            case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_FUNCTION_ARGUMENT,
                CURLE_NOT_BUILT_IN, CURLE_UNKNOWN_OPTION:
                .invalidRequest
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT: .unreachable
            case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
                CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
                CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_ENGINE_NOTFOUND:
                .handshakeFailed
            // The rewind is wanted where a connection that was used before has ended.
            case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE,
                CURLE_SEND_FAIL_REWIND:
                .connectionLost
            case CURLE_OPERATION_TIMEDOUT: .timedOut
            case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_HTTP2,
                CURLE_BAD_CONTENT_ENCODING:
                .malformedResponse
            default: .failed
            }
    }
}

/// Throws what a libcurl call returned, unless it succeeded.
func check(_ code: CURLcode) throws(CurlError) {
    guard code == CURLE_OK else { throw CurlError(code) }
}

/// Throws what a call of libcurl's multi interface returned, unless it succeeded.
func check(_ code: CURLMcode) throws(CurlError) {
    guard code == CURLM_OK else {
        throw CurlError(.failed, unsafe String(cString: curl_multi_strerror(code)))
    }
}
