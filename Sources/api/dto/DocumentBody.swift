internal import HTTPTypes
internal import Hummingbird
internal import SandmillService

/// JSON answers.
enum DocumentBody {
    /// A value of ours as JSON: keys in order, times in RFC 3339 with milliseconds.
    static func encode(_ value: some Encodable) -> [UInt8] {
        DocumentCoder.encode(value)
    }
}

extension Response {
    /// A JSON answer.
    static func json(
        _ value: some Encodable,
        status: HTTPResponse.Status = .ok,
        headers: HTTPFields = [:]
    ) -> Response {
        json(bytes: DocumentBody.encode(value), status: status, headers: headers)
    }

    /// A JSON document as an answer.
    static func json(
        bytes: [UInt8],
        status: HTTPResponse.Status = .ok,
        headers: HTTPFields = [:]
    ) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        headers[.cacheControl] = "no-store"
        return Response(
            status: status,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }
}
