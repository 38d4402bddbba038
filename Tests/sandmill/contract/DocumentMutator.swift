import TestSupport

/// Makes documents that differ in a few places from some that are good, always the same ones.
struct DocumentMutator {
    private let seeds: [JSON]
    /// What stands under each name somewhere in the seeds.
    private let known: [String: [JSON]]
    private let names: [String]
    private var random: SeededGenerator

    init(_ seeds: [JSON], seed: UInt64) {
        self.seeds = seeds
        var known: [String: [JSON]] = [:]
        for document in seeds { Self.collect(document, into: &known) }
        self.known = known
        names = known.keys.sorted() + ["", "x", "max_runing", "id", "batch"]
        random = SeededGenerator(seed: seed)
    }

    /// The next document, with one to three changes.
    mutating func next() -> JSON {
        var document = seeds.randomElement(using: &random) ?? .null
        for _ in 0..<Int.random(in: 1...3, using: &random) { document = mutant(of: document) }
        return document
    }

    private static func collect(_ value: JSON, into known: inout [String: [JSON]]) {
        for (name, part) in value.fields.sorted(by: { $0.key < $1.key }) {
            known[name, default: []].append(part)
            collect(part, into: &known)
        }
        for part in value.elements { collect(part, into: &known) }
    }

    private mutating func mutant(of value: JSON) -> JSON {
        switch value {
        case .object(var fields):
            let name = fields.keys.sorted().randomElement(using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0:
                if let name { fields[name] = nil }
            case 1...3:
                let added = names.randomElement(using: &random) ?? ""
                fields[added] = self.value(for: added)
            default:
                if let name, let old = fields[name] { fields[name] = mutant(of: old, at: name) }
            }
            return .object(fields)
        case .array(var elements):
            let index = elements.indices.randomElement(using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0:
                if let index { elements.remove(at: index) }
            case 1:
                elements.append(self.value(for: ""))
            case 2:
                if let index { elements.append(elements[index]) }
            default:
                if let index { elements[index] = mutant(of: elements[index]) }
            }
            return .array(elements)
        default:
            return self.value(for: "")
        }
    }

    private mutating func mutant(of value: JSON, at name: String) -> JSON {
        switch value {
        case .object, .array:
            Int.random(in: 0..<4, using: &random) > 0
                ? mutant(of: value) : self.value(for: name)
        default: self.value(for: name)
        }
    }

    private mutating func value(for name: String) -> JSON {
        if let known = known[name], Bool.random(using: &random) {
            return known.randomElement(using: &random) ?? .null
        }
        return Self.values.randomElement(using: &random) ?? .null
    }

    /// What is near a bound of some field.
    private static let values: [JSON] =
        [
            .null, .bool(true), .bool(false), .array([]), .object([:]), [.null], [1], [""], ["a"],
            [[]], ["": ""], ["a": .null], ["a=": ""], ["A": "b"],
        ]
        + [
            0, 1, -1, 0.5, 1.5, 10, 11, 1_000_000, 1_000_001, -0.0, 1e-300, 1e18, 9.3e18, 1e300,
        ].map(JSON.number)
        + [
            "", "a", "a/b", "../a", "a/../b", "a//b", "/a", "a/", "./a", "a/.", ".", "..", "...",
            "..\n", "a\n", "\n", "a\0", "\0", "é", "e\u{301}", "/\u{301}", "\u{85}", "\u{2028}",
            "main.py", "**/*.csv", String(repeating: "x", count: 128),
            String(repeating: "x", count: 129), String(repeating: "x", count: 255),
            String(repeating: "x", count: 256), String(repeating: "x/", count: 31) + "x",
            String(repeating: "x/", count: 32) + "x", String(repeating: "x", count: 1_025),
        ].map(JSON.string)
        + [
            "0e8f2c64-0000-7000-8000-000000000001", "0E8F2C64-0000-7000-8000-00000000000a",
            "0e8f2c64-0000-7000-8000-000000000001\n", "0e8f2c6400007000800000000000000001",
            "{0e8f2c64-0000-7000-8000-000000000001}", "0e8f2c64-0000-7000-8000-00000000000g",
            "0e8f2c64-0000-7000-8000-00000000001", "+e8f2c64-0000-7000-8000-000000000001",
            "00000000-0000-0000-0000-000000000000", "urn:uuid:0e8f2c64-0000-7000-8000-0000000001",
        ].map(JSON.string)
        + [
            "2026-11-23T17:00:00Z", "2026-11-23T17:00:00.123456789+05:30",
            "2026-11-23T17:00:00-23:59", "2026-11-23t17:00:00Z", "2026-11-23T17:00:00z",
            "2026-11-23 17:00:00Z", "2026-11-23T17:00:00", "2026-11-23T17:00Z",
            "2026-11-23T17:00:60Z", "2026-11-23T24:00:00Z", "2026-11-23T17:00:00.Z",
            "2026-11-23T17:00:00.1234567890Z", "2026-11-23T17:00:00+24:00",
            "2026-11-23T17:00:00+0530", "2026-11-23T17:00:00+05:60", "2026-02-29T00:00:00Z",
            "2024-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "0000-01-01T00:00:00Z",
            "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "12026-11-23T17:00:00Z",
            "2026-11-23T17:00:00Z\n", "2026-11-23T17:00:00,5Z", "2026-13-01T00:00:00Z",
            "1900-02-29T00:00:00Z", "2000-02-29T00:00:00Z", "1582-10-10T00:00:00Z",
            "٢026-11-23T17:00:00Z", "2026-11-23T17:00:00−01:00", "2026-11-23T17:00:00-00:00",
        ].map(JSON.string)
        + [
            "AP8=", "AP9=", "AP8", "AP8==", "====", "=", "A===", "A", "AA", "AAA", "AAAA", "AP8=\n",
            "AP 8=", "AP8=AP8=", "AP_-", "AP+/", "AP8=A", "AA=A", "ÅA==",
        ].map(JSON.string)
        + [
            "high", "HIGH", "normal", "python", "ruby", "cpp", "fresh", "tenant", "none", "failed",
            "queued", "succeeded", "exact", "lines", "tokens", "words", "float:", "float:1",
            "float:1e-6", "float:+.5", "float:5.", "float:.", "float:1e", "float:2", "float:-1",
            "float:-0", "float:1e-400", "float:1e400", "float:0x1", "float:nan", "float:1\n",
            "float: 1", "float:" + String(repeating: "0", count: 58) + "1",
            "float:" + String(repeating: "0", count: 57) + "1",
        ].map(JSON.string)
}
