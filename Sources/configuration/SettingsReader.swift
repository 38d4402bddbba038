internal import SandmillEntity

/// Turns settings into values, and remembers what is wrong with them and which were asked for.
struct SettingsReader {
    private let settings: Settings
    private(set) var problems: [String] = []
    private(set) var known: Set<String> = []

    init(_ settings: Settings) {
        self.settings = settings
    }

    mutating func string(_ key: String, default fallback: String) -> String {
        read(key, default: fallback, expected: "a text") { $0.isEmpty ? nil : $0 }
    }

    mutating func optionalString(_ key: String) -> String? {
        read(key, default: nil, expected: "a text") { $0.isEmpty ? nil : .some($0) }
    }

    mutating func name(_ key: String, default fallback: String) -> String {
        read(key, default: fallback, expected: Name.rule) { Name.isValid($0) ? $0 : nil }
    }

    mutating func count(
        _ key: String,
        default fallback: Int,
        in range: ClosedRange<Int>
    ) -> Int {
        let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        return read(key, default: fallback, expected: expected) { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    mutating func optionalCount(_ key: String, in range: ClosedRange<Int>) -> Int? {
        let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        return read(key, default: nil, expected: expected) { text in
            Int(text).flatMap { range.contains($0) ? .some($0) : nil }
        }
    }

    mutating func optionalNumber(_ key: String, in range: ClosedRange<Double>) -> Double? {
        let expected = "a number from \(range.lowerBound) to \(range.upperBound)"
        return read(key, default: nil, expected: expected) { text in
            Double(text).flatMap { range.contains($0) ? .some($0) : nil }
        }
    }

    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String,
        default fallback: Choice
    ) -> Choice {
        let expected = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        return read(key, default: fallback, expected: "one of \(expected)") {
            Choice(rawValue: $0)
        }
    }

    mutating func flag(_ key: String, default fallback: Bool) -> Bool {
        read(key, default: fallback, expected: "true or false") { Bool($0) }
    }

    mutating func duration(_ key: String, default fallback: Duration) -> Duration {
        read(
            key,
            default: fallback,
            expected: Duration.settingRule
        ) { Duration(setting: $0) }
    }

    mutating func bytes(_ key: String, default fallback: ByteCount) -> ByteCount {
        read(
            key,
            default: fallback,
            expected: "a size above nought such as 65536, 64KiB or 16MiB"
        ) { ByteCount(setting: $0) }
    }

    mutating func optionalBytes(_ key: String) -> ByteCount? {
        read(
            key,
            default: nil,
            expected: "a size above nought such as 65536, 64KiB or 16MiB"
        ) { ByteCount(setting: $0).map { .some($0) } }
    }

    /// How long something is kept; nil where nothing is said.
    mutating func retention(_ key: String) -> Retention? {
        read(key, default: nil, expected: Retention.rule) {
            Retention(text: $0).map { .some($0) }
        }
    }

    /// A list: in YAML, also where a flag or a variable has it in brackets, or separated by commas.
    mutating func list(_ key: String, default fallback: [String]) -> [String] {
        known.insert(key)
        switch settings.byKey[key]?.value {
        case nil: return fallback
        case .list(let elements): return elements
        case .scalar(let text):
            return Settings.elements(of: text) ?? text.split(separator: ",").map(String.init)
        }
    }

    /// The names one level below `key`, such as the pools below `pools`.
    func names(below key: String) -> [String] {
        let keys = Array(settings.byKey.keys) + Array(settings.emptySections.keys)
        let names = keys.compactMap { candidate -> String? in
            guard candidate.hasPrefix("\(key).") else { return nil }
            return candidate.dropFirst(key.count + 1).split(separator: ".").first.map(String.init)
        }
        return Set(names).sorted()
    }

    /// The keys below `key`, those without a value too; what follows may have dots in it.
    func keys(below key: String) -> [String] {
        (Array(settings.byKey.keys) + settings.emptyKeys).filter { $0.hasPrefix("\(key).") }
            .sorted()
    }

    /// Refuses a value that is good by itself.
    mutating func refuse(_ key: String, _ problem: String) {
        let origin = settings.byKey[key].map { "\($0.origin): " } ?? ""
        problems.append("\(origin)\(key) \(problem)")
    }

    /// Throws every problem, among them each key that nothing asked for.
    consuming func finish() throws(ConfigurationError) {
        for (key, setting) in settings.byKey.sorted(by: { $0.key < $1.key })
        where !known.contains(key) {
            problems.append("\(setting.origin): there is no key \(key)\(hint(for: key))")
        }
        for (key, origin) in settings.emptySections.sorted(by: { $0.key < $1.key })
        where !known.contains(where: { $0.hasPrefix("\(key).") }) {
            problems.append("\(origin): there is no section \(key)")
        }
        if !problems.isEmpty { throw ConfigurationError(problems) }
    }

    private mutating func read<Value>(
        _ key: String,
        default fallback: Value,
        expected: String,
        _ parse: (String) -> Value?
    ) -> Value {
        known.insert(key)
        guard let setting = settings.byKey[key] else { return fallback }
        if case .scalar(let text) = setting.value, let value = parse(text) { return value }
        problems.append("\(setting.origin): \(key) is \(setting.value), expected \(expected)")
        return fallback
    }

    /// The known keys that end in the same word.
    private func hint(for key: String) -> String {
        let word = key.split(separator: ".").last ?? ""
        let alike = known.filter { $0.split(separator: ".").last == word }.sorted()
        return alike.isEmpty ? "" : "; did you mean \(alike.joined(separator: " or "))?"
    }
}

extension Setting.Value: CustomStringConvertible {
    var description: String {
        switch self {
        case .scalar(let text): "\"\(text)\""
        case .list(let elements): "a list of \(elements.count)"
        }
    }
}
