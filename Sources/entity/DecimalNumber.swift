/// A number as programs print it: a sign, digits, a point, an exponent to the base of ten.
///
/// It is that number, not the nearest one that a `Double` has: 0.701 and 0.7 differ by 0.001. Words such as
/// `nan`, `inf` and `0x1p3`, which libraries also read as numbers, are none; nor is what has an exponent of
/// more than nine digits.
public struct DecimalNumber: Equatable, Sendable {
    private static let exponentLength = 9
    private static let zero = DecimalNumber(isNegative: false, digits: [], power: 0)
    static let one = DecimalNumber(isNegative: false, digits: [1], power: 0)

    let isNegative: Bool
    /// From the highest, without noughts at either end; none of nought.
    private let digits: [UInt8]
    /// The power of ten of the first digit.
    private let power: Int

    /// Keeps what counts of the digits.
    private init(isNegative: Bool, digits: some Sequence<UInt8>, power: Int) {
        let rest = Array(digits)
        let noughts = rest.prefix { $0 == 0 }.count
        let significant = rest[noughts...]
        let tail = significant.reversed().prefix { $0 == 0 }.count
        self.digits = Array(significant.dropLast(tail))
        self.isNegative = isNegative && !self.digits.isEmpty
        self.power = self.digits.isEmpty ? 0 : power - noughts
    }

    /// Reads a text; nil when it is no number.
    public init?(_ text: some Sequence<UInt8>) {
        var rest = Array(text)[...]
        let isNegative = rest.first == UInt8(ascii: "-")
        rest = Self.dropSign(rest)
        let whole = rest.prefix(while: Self.isDigit)
        rest = rest.dropFirst(whole.count)
        var fraction: ArraySlice<UInt8> = []
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            fraction = rest.prefix(while: Self.isDigit)
            rest = rest.dropFirst(fraction.count)
        }
        guard whole.count + fraction.count > 0, let exponent = Self.exponent(rest) else {
            return nil
        }
        self.init(
            isNegative: isNegative,
            digits: (whole + fraction).map { $0 - UInt8(ascii: "0") },
            power: whole.count - 1 + exponent
        )
    }

    /// Whether it differs from another by at most `tolerance`, or by at most so much of that other.
    ///
    /// The time it takes follows from how many digits they have, and not from their exponents.
    func isWithin(_ tolerance: DecimalNumber, of expected: DecimalNumber) -> Bool {
        distance(to: expected, isAtMost: tolerance)
            || distance(to: expected, isAtMost: tolerance.times(expected))
    }

    /// Whether it is nought to one.
    public var isFraction: Bool { !isNegative && Self.sign(of: self, less: .one, and: .zero) <= 0 }

    /// Whether |self − other| ≤ |limit|.
    private func distance(to other: DecimalNumber, isAtMost limit: DecimalNumber) -> Bool {
        guard isNegative == other.isNegative else {
            return Self.sign(of: limit, less: self, and: other) >= 0
        }
        let isGreater = Self.sign(of: self, less: other, and: .zero) >= 0
        let (greater, lesser) = isGreater ? (self, other) : (other, self)
        return Self.sign(of: greater, less: lesser, and: limit) <= 0
    }

    /// Below, equal to or above nought, as |number| − |first| − |second| is.
    ///
    /// It goes from the highest digit down. What the digits before leave is 0 or 1 of their unit, or it is
    /// decided: what comes adds less than one unit, and takes less than two.
    private static func sign(
        of number: DecimalNumber,
        less first: DecimalNumber,
        and second: DecimalNumber
    ) -> Int {
        var rest = 0
        var power = Int.max
        while true {
            let next = max(
                number.power(below: power),
                first.power(below: power),
                second.power(below: power)
            )
            guard next > Int.min else { return rest }
            if rest == 1, next < power - 1 { return 1 }
            rest = rest * 10 + number[next] - first[next] - second[next]
            if rest < 0 || rest > 1 { return rest }
            power = next
        }
    }

    /// The next power that it has a digit of; the least there is when it has none.
    private func power(below limit: Int) -> Int {
        let next = min(limit - 1, power)
        return power - next < digits.count ? next : Int.min
    }

    /// The digit of a power.
    private subscript(_ power: Int) -> Int {
        let index = self.power - power
        return digits.indices.contains(index) ? Int(digits[index]) : 0
    }

    private func times(_ other: DecimalNumber) -> DecimalNumber {
        var product = [Int](repeating: 0, count: digits.count + other.digits.count)
        for (index, digit) in digits.enumerated().reversed() {
            for (place, factor) in other.digits.enumerated().reversed() {
                let sum = product[index + place + 1] + Int(digit) * Int(factor)
                product[index + place + 1] = sum % 10
                product[index + place] += sum / 10
            }
        }
        return DecimalNumber(
            isNegative: isNegative != other.isNegative,
            digits: product.map(UInt8.init),
            power: power + other.power + 1
        )
    }

    /// The exponent of what is behind the digits, 0 where that is nothing; nil when it is something else.
    private static func exponent(_ text: ArraySlice<UInt8>) -> Int? {
        guard let letter = text.first else { return 0 }
        guard letter == UInt8(ascii: "e") || letter == UInt8(ascii: "E") else { return nil }
        let isNegative = text.dropFirst().first == UInt8(ascii: "-")
        let digits = dropSign(text.dropFirst())
        guard !digits.isEmpty, digits.allSatisfy(isDigit) else { return nil }
        let significant = digits.drop { $0 == UInt8(ascii: "0") }
        guard significant.count <= exponentLength else { return nil }
        let value = significant.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        return isNegative ? -value : value
    }

    private static func dropSign(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        text.first == UInt8(ascii: "-") || text.first == UInt8(ascii: "+") ? text.dropFirst() : text
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
