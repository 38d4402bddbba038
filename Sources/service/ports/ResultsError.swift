public import SandmillEntity

/// Why results could not be written: always our fault, and worth another try.
public struct ResultsError: Error, Equatable, Sendable {
    /// What happened, safe to show.
    public let message: String
    /// Whether it is known that no other result would have met it.
    public let isOfResult: Bool
    /// How many bytes the result has that could not be written, as far as it came.
    public var size = ByteCount.zero

    /// Describes a failure.
    public init(_ message: String, isOfResult: Bool = false) {
        self.message = message
        self.isOfResult = isOfResult
    }

    /// The same failure, of a result of such a size.
    public func writing(_ size: ByteCount) -> ResultsError {
        var error = self
        error.size = size
        return error
    }
}
