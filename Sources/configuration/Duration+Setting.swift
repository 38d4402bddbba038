extension Duration {
    /// Reads a number with the unit `ms`, `s`, `m` or `h`; nil unless it is above nought.
    public init?(setting text: String) {
        let units: [(String, Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3_600)]
        guard let (unit, seconds) = units.first(where: { text.hasSuffix($0.0) }),
            let number = Double(text.dropLast(unit.count)), number > 0, number < 1e9
        else { return nil }
        self = .seconds(number * seconds)
    }
}
