/// Why an object store did not do what it was asked.
public struct S3Error: Error, Equatable, Sendable {
    /// The status of its answer; nil where none came.
    public let status: Int?
    /// The store's own word for it, such as `NoSuchKey`; empty where it gave none.
    public let code: String
    /// What happened, safe to show.
    public let message: String
    /// Whether the same request may succeed later.
    public let isRetryable: Bool

    init(_ message: String, status: Int? = nil, code: String = "", isRetryable: Bool = false) {
        self.status = status
        self.code = code
        self.message = message
        self.isRetryable = isRetryable
    }
}
