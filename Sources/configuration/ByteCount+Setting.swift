public import SandmillEntity

extension ByteCount {
    /// Reads a whole number, alone or with the unit `KiB`, `MiB` or `GiB`; nil unless above nought.
    public init?(setting text: String) {
        let units: [(String, Int64)] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)]
        let (unit, size) = units.first { text.hasSuffix($0.0) } ?? ("", 1)
        guard let number = Int64(text.dropLast(unit.count)), number > 0,
            number <= Int64.max / size
        else { return nil }
        self.init(number * size)
    }
}
