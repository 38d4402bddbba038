/// Reads the head of an HTTP/1.1 response that arrives piece by piece (RFC 9112, section 4).
struct ResponseHead {
    /// The most bytes a head may have.
    private static let limit = 64 << 10

    private var bytes: [UInt8] = []

    /// Takes the next bytes.
    ///
    /// - Returns: The response and what came behind its head; nil when the head is incomplete.
    mutating func append(
        _ more: ArraySlice<UInt8>
    ) throws(CurlError) -> (response: HTTPResponse, rest: ArraySlice<UInt8>)? {
        // The empty line may lie across the border of two pieces.
        let start = max(0, bytes.count - 3)
        bytes.append(contentsOf: more)
        for index in start..<max(start, bytes.count - 3)
        where bytes[index..<(index + 4)].elementsEqual("\r\n\r\n".utf8) {
            return (try Self.parse(bytes[..<index]), bytes[(index + 4)...])
        }
        guard bytes.count <= Self.limit else { throw Self.malformed }
        return nil
    }

    private static func parse(_ head: ArraySlice<UInt8>) throws(CurlError) -> HTTPResponse {
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        let words = lines.first?.split(separator: " ", maxSplits: 2) ?? []
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), words[1].utf8.count == 3,
            let status = Int(words[1])
        else { throw malformed }
        var response = HTTPResponse(status: status)
        for line in lines.dropFirst() { response.headers.append(line: line) }
        return response
    }

    private static let malformed = CurlError(.malformedResponse, "the response is not HTTP/1.1")
}
