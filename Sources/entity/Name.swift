/// What tenants, pools and workers may be called.
///
/// Names stand in routing keys, queue names, labels of containers and paths, so they are plain.
public enum Name {
    /// The rule, for people.
    public static let rule = "1 to 63 letters, digits, dots, hyphens or underscores, not only dots"

    /// Whether a name keeps the rule.
    public static func isValid(_ name: String) -> Bool {
        (1...63).contains(name.utf8.count) && name.utf8.allSatisfy(isPlain)
            && !name.utf8.allSatisfy { $0 == UInt8(ascii: ".") }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
