public import FoundationEssentials
internal import SandmillEntity

/// Reads the parameters of a list, each of which has to be known and valid.
struct ListReader {
    /// The most values that one name may have.
    private static let maximumValues = 64

    private var values: [String: [String]] = [:]
    /// The time from which ages count.
    let now: Date

    /// - Parameters:
    ///   - parameters: What is read.
    ///   - names: What there is.
    ///   - prefixes: What else may be there: names that begin so.
    ///   - now: The time from which ages count.
    /// - Throws: ``ListRefusal``, for one that is not known among others.
    init(
        _ parameters: [ListParameter],
        names: [String],
        prefixes: [String] = [],
        now: Date
    ) throws(ListRefusal) {
        self.now = now
        for parameter in parameters {
            let name = parameter.name
            guard names.contains(name) || prefixes.contains(where: name.hasPrefix) else {
                let known = (names + prefixes.map { "\($0)<key>" }).joined(separator: ", ")
                throw ListRefusal(name, "is not known; there are \(known)")
            }
            guard !parameter.value.utf8.contains(0), !name.utf8.contains(0) else {
                throw ListRefusal(name, "has a U+0000")
            }
            values[name, default: []].append(parameter.value)
            guard values[name]?.count ?? 0 <= Self.maximumValues else {
                throw ListRefusal(name, "is there more than \(Self.maximumValues) times")
            }
        }
    }

    /// The values of a name, each once, in the order in which they came.
    func texts(_ name: String) -> [String] {
        var known: Set<String> = []
        return (values[name] ?? []).filter { known.insert($0).inserted }
    }

    /// The names that begin so, each without that, and their values.
    func texts(prefix: String) -> [String: [String]] {
        var found: [String: [String]] = [:]
        for name in values.keys where name.hasPrefix(prefix) {
            found[String(name.dropFirst(prefix.count))] = texts(name)
        }
        return found
    }

    /// The values of a name, each one of those of an enumeration.
    func cases<Value: RawRepresentable & CaseIterable>(
        _ name: String
    ) throws(ListRefusal) -> [Value] where Value.RawValue == String {
        var found: [Value] = []
        for text in texts(name) {
            guard let value = Value(rawValue: text) else {
                let all = Value.allCases.map(\.rawValue).joined(separator: ", ")
                throw ListRefusal(name, "is none of \(all)")
            }
            found.append(value)
        }
        return found
    }

    /// The values of a name, each of which is a name of a tenant, a pool or a worker.
    func names(_ name: String) throws(ListRefusal) -> [String] {
        let texts = texts(name)
        guard texts.allSatisfy(Name.isValid) else {
            throw ListRefusal(name, "is not \(Name.rule)")
        }
        return texts
    }

    /// The values of a name, each of which is a word such as `exit_code`.
    func words(_ name: String) throws(ListRefusal) -> [String] {
        let texts = texts(name)
        guard texts.allSatisfy({ $0.wholeMatch(of: /[a-z_]+/) != nil }) else {
            throw ListRefusal(name, "is not a word of a to z and _")
        }
        return texts
    }

    /// The values of a name, each of which is a UUID.
    func ids(_ name: String) throws(ListRefusal) -> [UUID] {
        var found: [UUID] = []
        for text in texts(name) {
            guard let id = UUID(text: text) else { throw ListRefusal(name, "is not a UUID") }
            found.append(id)
        }
        return found
    }

    /// The values of a name, each of which is a UUID or its beginning.
    func prefixes(_ name: String) throws(ListRefusal) -> [IDPrefix] {
        var found: [IDPrefix] = []
        for text in texts(name) {
            guard let prefix = IDPrefix(text) else {
                throw ListRefusal(name, "is not the beginning of a UUID")
            }
            found.append(prefix)
        }
        return found
    }

    /// The only value of a name.
    func text(_ name: String) throws(ListRefusal) -> String? {
        guard let first = values[name]?.first else { return nil }
        guard values[name]?.count == 1 else { throw ListRefusal(name, "is there twice") }
        return first
    }

    /// The only value of a name: a time of RFC 3339, or how long ago it was, such as `90m` or `1d`.
    func time(_ name: String) throws(ListRefusal) -> Date? {
        guard let text = try text(name) else { return nil }
        // In a query the plus of an offset is a space, unless it is encoded.
        if let time = DocumentCoder.timestamp(text.replacing(" ", with: "+")) { return time }
        guard let age = Duration(text: text) else {
            throw ListRefusal(
                name,
                "is neither a time such as 2026-11-23T08:00:00Z nor an age such as 90m, 2h or 1d"
            )
        }
        return now - age / .seconds(1)
    }
}

/// The beginning of a UUID as it is written, or all of it.
public struct IDPrefix: Equatable, Sendable {
    /// The text, in lower case.
    public let text: String
    /// The lowest UUID that begins so.
    public let lowest: UUID
    /// The highest.
    public let highest: UUID

    /// Reads one; nil for what no UUID begins with.
    public init?(_ text: String) {
        let text = text.lowercased()
        let digits = Set("0123456789abcdef".utf8)
        guard (1...36).contains(text.utf8.count),
            text.utf8.enumerated().allSatisfy({ index, byte in
                [8, 13, 18, 23].contains(index)
                    ? byte == UInt8(ascii: "-") : digits.contains(byte)
            }),
            let lowest = UUID(
                text: text + "00000000-0000-0000-0000-000000000000".dropFirst(text.count)
            ),
            let highest = UUID(
                text: text + "ffffffff-ffff-ffff-ffff-ffffffffffff".dropFirst(text.count)
            )
        else { return nil }
        self.text = text
        self.lowest = lowest
        self.highest = highest
    }
}
