extension Duration {
    /// What ``init(setting:)`` takes, for messages.
    public static let settingRule =
        "a time above nought such as 90, 500ms, 10s, 5m, 1h or 7d; without a unit, seconds"

    private static let units: [Substring: Double] = [
        "ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400,
    ]
    /// A hundred years in seconds, which every database can add to a time.
    private static let longest = 36_500 * 86_400.0

    /// Reads up to nine digits, up to three behind a point, and the unit `ms`, `s`, `m`, `h` or `d`, without which
    /// they are seconds; nil for anything else, and for more than a hundred years.
    public init?(text: String) {
        guard let match = text.wholeMatch(of: /([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|[smhd])?/),
            let count = Double(match.1), let seconds = Self.units[match.2 ?? "s"],
            count * seconds <= Self.longest
        else { return nil }
        self = .seconds(count * seconds)
    }

    /// Reads what ``init(text:)`` does, above nought.
    public init?(setting text: String) {
        self.init(text: text)
        if self <= .zero { return nil }
    }
}
