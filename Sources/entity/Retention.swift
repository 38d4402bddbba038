/// How long something is kept from its end on.
public enum Retention: Comparable, Sendable {
    /// For a time, above nought.
    case lasting(Duration)
    /// Until a person removes it.
    case forever

    /// What ``init(text:)`` takes.
    public static let rule = "a time such as 30d, 12h, 90m or 45s, or forever"

    private static let units: [(name: Character, seconds: Int64)] = [
        ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1),
    ]
    /// What is longer is cut to this, so that every end is a time that a database can hold.
    private static let longest: Int64 = 36_500 * 86_400

    /// For so many days.
    public static func days(_ count: Int64) -> Retention { .lasting(.seconds(count * 86_400)) }

    /// Reads what ``rule`` says; nil for anything else.
    ///
    /// The number has at most nine digits and is above nought. A hundred years are the longest time.
    public init?(text: String) {
        if text == "forever" {
            self = .forever
            return
        }
        let digits = text.utf8.dropLast()
        guard let unit = Self.units.first(where: { $0.name == text.last }),
            (1...9).contains(digits.count),
            digits.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains),
            digits.first != UInt8(ascii: "0"), let number = Int64(text.dropLast())
        else { return nil }
        self = .lasting(.seconds(min(number * unit.seconds, Self.longest)))
    }

    /// The same as text, in the largest unit that divides it.
    public var text: String {
        guard case .lasting(let time) = self else { return "forever" }
        let seconds = time.components.seconds
        let unit = Self.units.first { seconds % $0.seconds == 0 } ?? ("s", 1)
        return "\(seconds / unit.seconds)\(unit.name)"
    }

    /// In seconds; infinite for ``forever``.
    public var seconds: Double {
        switch self {
        case .lasting(let time): time / .seconds(1)
        case .forever: .infinity
        }
    }
}
