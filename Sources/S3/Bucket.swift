internal import Backoff
internal import Curl
public import FoundationEssentials
internal import Hashing

/// A bucket of an object store that speaks S3's language.
///
/// Every call may be made from any task, and tries again what may succeed later. All keys are below the prefix of the
/// settings, which no caller sees. What is put carries its SHA-256, so that a store takes it whole or not at all.
public struct Bucket: Sendable {
    /// Where a bucket is, and how it is used.
    public struct Settings: Equatable, Sendable {
        /// How the store encrypts what it keeps.
        public enum Encryption: String, CaseIterable, Sendable {
            /// As the bucket's own settings say.
            case none
            /// With keys of the store.
            case aes256 = "AES256"
            /// With the default key of AWS' Key Management Service.
            case kms = "aws:kms"
        }

        /// `https://host` or `http://host`, with a port where it has one.
        public var endpoint: String
        /// What the endpoint's signatures name.
        public var region: String
        /// The bucket's name.
        public var name: String
        /// What all keys begin with.
        public var prefix: String
        /// Who asks.
        public var credentials: Credentials
        /// Whether the bucket is the first part of the path, and not of the host.
        public var usesPathStyle: Bool
        /// How objects are encrypted.
        public var encryption: Encryption
        /// The certificates of the authorities to trust, a file; nil for those of the system.
        public var authorities: String?

        /// Puts settings together.
        public init(
            endpoint: String,
            region: String,
            name: String,
            prefix: String = "",
            credentials: Credentials,
            usesPathStyle: Bool = false,
            encryption: Encryption = .none,
            authorities: String? = nil
        ) {
            self.endpoint = endpoint
            self.region = region
            self.name = name
            self.prefix = prefix
            self.credentials = credentials
            self.usesPathStyle = usesPathStyle
            self.encryption = encryption
            self.authorities = authorities
        }
    }

    /// An object in a listing.
    public struct Object: Equatable, Sendable {
        /// Its key, below the prefix.
        public var key: String
        /// How many bytes it has.
        public var size: Int
        /// When it was put.
        public var modified: Date
    }

    /// The most bytes that a key may have, the prefix included.
    public static let keyLimit = 1_024

    /// How it is used.
    public let settings: Settings
    private let client: Client

    /// Describes a bucket; nothing is sent yet.
    public init(_ settings: Settings) {
        self.settings = settings
        client = Client(
            ClientConfiguration(
                tls: ClientConfiguration.TLS(authorities: settings.authorities),
                connectTimeout: .seconds(5)
            )
        )
    }

    // MARK: - Objects

    /// Puts a small object, over one that is there.
    public func put(_ key: String, _ bytes: [UInt8], tries: Int = Self.tries) async throws(S3Error)
    {
        var order = Order(.put, key)
        order.body = bytes
        order.payload = SHA256.hash(bytes)
        order.headers = newObject.merging(Self.checksum(order.payload)) { $1 }
        try await send(order, tries: tries)
    }

    /// How long an object is; nil when it is not there.
    public func size(of key: String) async throws(S3Error) -> Int? {
        // Of a bucket that is not there the answer to HEAD says no more than of a key.
        var order = Order(.get, key)
        order.headers["range"] = "bytes=0-0"
        do throws(S3Error) {
            let response = try await send(order)
            if let range = response.headers["Content-Range"], let slash = range.lastIndex(of: "/") {
                return Int(range[range.index(after: slash)...])
            }
            return response.body.count
        } catch {
            return try error.missing(of: 0)
        }
    }

    /// Reads at most `limit` bytes of an object from `offset` on; none at its end, nil when it is not there.
    public func read(
        _ key: String,
        from offset: Int,
        limit: Int
    ) async throws(S3Error) -> [UInt8]? {
        guard limit > 0 else { return [] }
        var order = Order(.get, key)
        order.headers["range"] = "bytes=\(offset)-\(offset + limit - 1)"
        do throws(S3Error) {
            let response = try await send(order)
            // What does not know of ranges answers with all there is.
            if response.status == 206 { return response.body }
            return Array(response.body.dropFirst(offset).prefix(limit))
        } catch {
            return try error.missing(of: [])
        }
    }

    /// Removes an object, if it is there.
    public func delete(_ key: String) async throws(S3Error) {
        do throws(S3Error) {
            try await send(Order(.delete, key))
        } catch {
            _ = try error.missing(of: ())
        }
    }

    /// The URL with which whoever has it may read an object for a while.
    ///
    /// - Parameters:
    ///   - key: The object.
    ///   - lifetime: For how long, a week at most.
    ///   - fields: What fields the answer has in place of the object's own, such as `content-type`.
    ///   - date: From when on.
    /// - Returns: The URL.
    public func link(
        to key: String,
        for lifetime: Duration,
        fields: [String: String],
        at date: Date = Date()
    ) -> String {
        var subject = subject(of: Order(.get, key))
        for (name, value) in fields { subject.query["response-\(name)"] = value }
        let query = signer.query(of: subject, for: lifetime, at: date)
        return "\(scheme)://\(subject.host)\(subject.path)?\(query)"
    }

    // MARK: - Listings

    /// The objects whose keys begin with `start`, by their keys.
    public func objects(below start: String) async throws(S3Error) -> [Object] {
        try await list(start, delimiter: nil).objects
    }

    /// What there is between `start` and the next `/` in keys that begin with it.
    public func directories(below start: String) async throws(S3Error) -> [String] {
        try await list(start, delimiter: "/").directories
    }

    private func list(
        _ start: String,
        delimiter: String?
    ) async throws(S3Error) -> (objects: [Object], directories: [String]) {
        var (objects, directories): ([Object], [String]) = ([], [])
        var query = ["list-type": "2", "encoding-type": "url", "prefix": settings.prefix + start]
        query["delimiter"] = delimiter
        repeat {
            var order = Order(.get, nil)
            order.query = query
            let answer = XMLText(try await send(order).body)
            guard let isTruncated = answer["IsTruncated"] else {
                throw S3Error("the object store's listing cannot be read")
            }
            for (name, text) in answer.elements {
                switch name {
                case "Key":
                    objects.append(
                        Object(key: key(text.percentDecoded), size: 0, modified: .distantFuture)
                    )
                case "Size" where !objects.isEmpty:
                    objects[objects.count - 1].size = Int(text) ?? 0
                case "LastModified" where !objects.isEmpty:
                    objects[objects.count - 1].modified = Self.date(text) ?? .distantFuture
                case "Prefix":
                    let directory = key(text.percentDecoded)
                    // What was asked for is told again.
                    guard directory.hasPrefix(start), directory.hasSuffix("/"), directory != start
                    else { continue }
                    directories.append(String(directory.dropFirst(start.count).dropLast()))
                default: continue
                }
            }
            query["continuation-token"] =
                isTruncated == "true" ? answer["NextContinuationToken"] : nil
        } while query["continuation-token"] != nil
        return (objects, directories)
    }

    private func key(_ whole: String) -> String { String(whole.dropFirst(settings.prefix.count)) }

    private static func date(_ text: String) -> Date? {
        let exact = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        return (try? exact.parse(text)) ?? (try? Date.ISO8601FormatStyle().parse(text))
    }
}

// MARK: - Requests

extension Bucket {
    /// How often a request is made, the first time included.
    public static let tries = 4
    /// How long after the first time there is another.
    private static let patience: Duration = .seconds(15)

    /// A request, without what all of them have.
    struct Order {
        var method: HTTPRequest.Method
        /// Below the prefix; nil for the bucket itself.
        var key: String?
        var query: [String: String] = [:]
        var headers: [String: String] = [:]
        var body: [UInt8]?
        var file: FilePart?
        var payload = SHA256.hash([])

        init(_ method: HTTPRequest.Method, _ key: String?) {
            self.method = method
            self.key = key
        }
    }

    /// What a new object is to have.
    var newObject: [String: String] {
        settings.encryption == .none
            ? [:] : ["x-amz-server-side-encryption": settings.encryption.rawValue]
    }

    static func checksum(_ digest: Digest) -> [String: String] {
        [
            "x-amz-sdk-checksum-algorithm": "SHA256",
            "x-amz-checksum-sha256": Data(digest.bytes).base64EncodedString(),
        ]
    }

    /// Sends a request until it succeeds, or is not worth another try.
    @discardableResult
    func send(_ order: Order, tries: Int = Self.tries) async throws(S3Error) -> HTTPResponse {
        var backoff = Backoff(initial: .milliseconds(200), maximum: .seconds(2))
        var left = tries
        let deadline = ContinuousClock.now + Self.patience
        while true {
            do throws(S3Error) {
                return try await sendOnce(order)
            } catch {
                left -= 1
                guard error.isRetryable, left > 0, .now < deadline else { throw error }
                do {
                    try await ContinuousClock().sleep(for: backoff.next())
                } catch {
                    throw S3Error("the request was cancelled")
                }
            }
        }
    }

    private func sendOnce(_ order: Order) async throws(S3Error) -> HTTPResponse {
        let subject = subject(of: order)
        let fields = signer.headers(of: subject, payload: order.payload, at: Date())
        let query = Signer.encode(subject.query)
        // A store that is slower than 256 KiB/s is one that does not answer.
        let size = max(order.file?.count ?? 0, order.body?.count ?? 0, 0)
        var request = HTTPRequest(
            order.method,
            "\(scheme)://\(subject.host)\(subject.path)\(query.isEmpty ? "" : "?\(query)")",
            body: order.body,
            timeout: .seconds(10) + .seconds(size / (256 << 10))
        )
        request.file = order.file
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
            request.headers.append(name, value)
        }
        let response: HTTPResponse
        do throws(CurlError) {
            response = try await client.perform(request)
        } catch {
            throw S3Error("the object store: \(error.summary)", isRetryable: error.isRetryable)
        }
        guard (200..<300).contains(response.status) else { throw S3Error(response) }
        return response
    }

    private func subject(of order: Order) -> Signer.Subject {
        let key = order.key.map { (settings.prefix + $0).percentEncoded(leaving: "/") } ?? ""
        let name = settings.name.percentEncoded()
        return Signer.Subject(
            method: order.method.rawValue,
            host: settings.usesPathStyle ? host : "\(settings.name).\(host)",
            path: settings.usesPathStyle ? "/\(name)/\(key)" : "/\(key)",
            query: order.query,
            headers: order.headers
        )
    }

    private var signer: Signer {
        Signer(credentials: settings.credentials, region: settings.region)
    }

    private var scheme: String { settings.endpoint.hasPrefix("http://") ? "http" : "https" }

    /// As the field `Host` has it: without the scheme's own port.
    private var host: String {
        let rest = settings.endpoint.dropFirst("\(scheme)://".count).prefix { $0 != "/" }
        let port = scheme == "http" ? ":80" : ":443"
        return String(rest.hasSuffix(port) ? rest.dropLast(port.count) : rest)
    }
}

extension S3Error {
    /// Reads an answer that is not a good one.
    init(_ response: HTTPResponse) {
        let answer = XMLText(response.body)
        let code = answer["Code"] ?? ""
        let message = answer["Message"].map { ": \($0.prefix(200))" } ?? ""
        self.init(
            "the object store answers with \(response.status) \(code.prefix(64))\(message)",
            status: response.status,
            code: code,
            isRetryable: response.status >= 500 || response.status == 429
                || ["RequestTimeout", "SlowDown"].contains(code)
        )
    }

    /// What is to be answered where no object is there, or none so long; throws what says something else.
    fileprivate func missing<Value>(of end: Value) throws(S3Error) -> Value? {
        if status == 416 { return end }
        guard status == 404, code != "NoSuchBucket" else { throw self }
        return nil
    }
}
