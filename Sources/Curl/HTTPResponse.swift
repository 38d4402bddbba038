/// What a server answered, whatever its status.
public struct HTTPResponse: Sendable, Equatable {
    /// The status code, from 100 to 999.
    public var status: Int
    /// The header fields.
    public var headers: HTTPHeaders
    /// The body.
    public var body: [UInt8]

    /// Puts a response together.
    public init(status: Int, headers: HTTPHeaders = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
