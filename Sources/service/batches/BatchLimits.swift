/// What a batch in one message may be.
public enum BatchLimits {
    /// The most members.
    public static let members = 10_000

    /// The most bytes that the members have together, each with its share of the defaults: a small
    /// document could ask for as many copies of a large program.
    public static let bytes = 64 << 20

    /// Why a part of the document cannot be looked at, before anything is built from it; nil if it can.
    public static func violation(in part: [UInt8]) -> String? {
        JSONBounds(part, depth: JSONBounds.batchDepth, values: JSONBounds.batchValues).violation
    }
}
