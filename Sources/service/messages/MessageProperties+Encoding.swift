internal import Gzip
public import SandmillEntity

extension MessageProperties {
    /// The body without the encoding that the properties name, which they no longer do.
    ///
    /// - Parameters:
    ///   - body: The body as it came.
    ///   - limit: The most bytes that a request may have; no more than that comes out.
    /// - Returns: The body.
    /// - Throws: ``RequestRefusal`` for an encoding that is not `gzip` or `identity`, and for a body that is too
    ///   large, or is not encoded so.
    public mutating func decode(_ body: [UInt8], limit: ByteCount) throws(RequestRefusal) -> [UInt8]
    {
        guard let encoding = contentEncoding else { return body }
        switch encoding.lowercased() {
        case "", "identity":
            contentEncoding = nil
            return body
        case "gzip":
            do throws(Gzip.Failure) {
                let decoded = try Gzip.inflate(body, limit: Int(limit.bytes))
                contentEncoding = nil
                return decoded
            } catch {
                switch error {
                case .tooLong:
                    throw RequestRefusal(
                        .tooLarge,
                        at: "",
                        "decompressed it is above the \(limit.bytes) bytes that a request may have"
                    )
                case .malformed:
                    throw RequestRefusal(.invalidRequest, at: "", "not one whole gzip member")
                }
            }
        default:
            throw RequestRefusal(
                .unsupportedEncoding,
                "the content encoding is \"\(encoding.prefix(64))\", not gzip or identity"
            )
        }
    }
}

extension Delivery {
    /// How many bytes of body there are while it is read.
    var readCount: Int {
        guard properties.contentEncoding?.lowercased() == "gzip", case .complete(let bytes) = body
        else { return body.heldCount }
        return body.heldCount + (Gzip.declaredSize(of: bytes) ?? 0)
    }
}
