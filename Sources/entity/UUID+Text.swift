public import FoundationEssentials

extension UUID {
    /// The 36 characters as RFC 9562 (section 4) prints them, in lower case: on the wire, on disk,
    /// in the record store and in logs.
    public var text: String { uuidString.lowercased() }
}
