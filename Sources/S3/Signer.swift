internal import FoundationEssentials
internal import Hashing

/// Signs requests to an object store by AWS Signature Version 4, with nothing but its arguments.
///
/// The store is S3 or speaks its language: a path is encoded once and is never shortened. libcurl signs paths with a
/// `=` wrongly, and names of files come from programs that nobody trusts.
struct Signer {
    let credentials: Credentials
    let region: String

    /// What is signed of a request.
    struct Subject {
        /// `GET`, `PUT` and so on.
        var method: String
        /// As the field `Host` has it.
        var host: String
        /// Encoded.
        var path: String
        /// Not encoded.
        var query: [String: String] = [:]
        /// The names in lower case; all of them are signed.
        var headers: [String: String] = [:]
    }

    /// The fields with which a request is to be sent: those that it had, and those that prove who sent it.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - payload: The SHA-256 of its body.
    ///   - date: When; stores take it within 15 minutes.
    /// - Returns: All fields but `Host`, by their names.
    func headers(
        of request: Subject,
        payload: Digest,
        at date: Date
    ) -> [String: String] {
        var request = request
        request.headers["x-amz-date"] = Self.time(date)
        request.headers["x-amz-content-sha256"] = payload.hexadecimal
        request.headers["x-amz-security-token"] = credentials.sessionToken
        let signature = signature(of: request, payload: payload.hexadecimal, at: date)
        var headers = request.headers
        headers["authorization"] =
            "AWS4-HMAC-SHA256 Credential=\(credentials.accessKey)/\(scope(date)), "
            + "SignedHeaders=\(Self.signedNames(request)), Signature=\(signature)"
        return headers
    }

    /// The query with which whoever has it may send a request for a while, encoded.
    func query(of request: Subject, for lifetime: Duration, at date: Date) -> String {
        var request = request
        request.query["X-Amz-Algorithm"] = "AWS4-HMAC-SHA256"
        request.query["X-Amz-Credential"] = "\(credentials.accessKey)/\(scope(date))"
        request.query["X-Amz-Date"] = Self.time(date)
        request.query["X-Amz-Expires"] = "\(lifetime.components.seconds)"
        request.query["X-Amz-SignedHeaders"] = Self.signedNames(request)
        request.query["X-Amz-Security-Token"] = credentials.sessionToken
        let signature = signature(of: request, payload: "UNSIGNED-PAYLOAD", at: date)
        return "\(Self.encode(request.query))&X-Amz-Signature=\(signature)"
    }

    /// A query as it is signed and sent: encoded, in the order of the encoded names.
    static func encode(_ query: [String: String]) -> String {
        query.map { ($0.percentEncoded(), $1.percentEncoded()) }
            .sorted { $0.0 < $1.0 }
            .map { "\($0)=\($1)" }
            .joined(separator: "&")
    }

    private func signature(of request: Subject, payload: String, at date: Date) -> String {
        let fields = Self.fields(request).map { "\($0.name):\($0.value)\n" }.joined()
        let canonical = [
            request.method, request.path, Self.encode(request.query), fields,
            Self.signedNames(request), payload,
        ].joined(separator: "\n")
        let hash = SHA256.hash(canonical.utf8).hexadecimal
        let text = "AWS4-HMAC-SHA256\n\(Self.time(date))\n\(scope(date))\n\(hash)"
        var key = Array("AWS4\(credentials.secretKey)".utf8)
        for part in scope(date).split(separator: "/") {
            key = SHA256.authenticationCode(for: part.utf8, key: key).bytes
        }
        return SHA256.authenticationCode(for: text.utf8, key: key).hexadecimal
    }

    /// The fields that are signed, by name, their values without what spaces they have too many.
    private static func fields(_ request: Subject) -> [(name: String, value: String)] {
        request.headers.merging(["host": request.host]) { $1 }
            .sorted { $0.key < $1.key }
            .map { ($0.key, $0.value.split(separator: " ").joined(separator: " ")) }
    }

    private static func signedNames(_ request: Subject) -> String {
        fields(request).map(\.name).joined(separator: ";")
    }

    private func scope(_ date: Date) -> String {
        "\(Self.time(date).prefix(8))/\(region)/s3/aws4_request"
    }

    /// Such as `20150830T123600Z`.
    private static func time(_ date: Date) -> String {
        date.formatted(
            Date.ISO8601FormatStyle(
                dateSeparator: .omitted,
                timeSeparator: .omitted,
                timeZoneSeparator: .omitted
            )
        )
    }
}
