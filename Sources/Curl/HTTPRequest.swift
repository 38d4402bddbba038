/// A request to send.
public struct HTTPRequest: Sendable {
    /// What the request asks for.
    public enum Method: String, Sendable {
        /// Reads.
        case get = "GET"
        /// Makes or changes.
        case post = "POST"
        /// Puts something in a place, over what is there.
        case put = "PUT"
        /// Removes.
        case delete = "DELETE"
    }

    /// What the request asks for.
    public var method: Method
    /// `http://` or `https://`, with everything in it percent-encoded.
    public var url: String
    /// Header fields beside those that libcurl adds (`Host`, `Content-Length`, …).
    public var headers: HTTPHeaders
    /// What the request carries; nil for nothing.
    public var body: [UInt8]?
    /// What it carries in place of ``body``, read while it is sent; only of ``Method/put``.
    public var file: FilePart?
    /// From the start of the connection to the last byte of the response; nil for no limit.
    public var timeout: Duration?
    /// The most bytes the response's body may have.
    public var responseLimit: Int

    /// Describes a request.
    public init(
        _ method: Method,
        _ url: String,
        headers: HTTPHeaders = [:],
        body: [UInt8]? = nil,
        timeout: Duration? = .seconds(60),
        responseLimit: Int = 16 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.responseLimit = responseLimit
    }
}
