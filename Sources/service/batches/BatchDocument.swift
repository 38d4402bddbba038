internal import FoundationEssentials
internal import SandmillEntity

/// A batch that is one document, as it is written; see the contract of a request.
struct BatchDocument {
    let pool: String?
    let level: Level
    /// How many of its members may run at once.
    let maximumRunning: Int?
    let defaults: [String: JSONValue]
    let executions: [JSONValue]

    private static let fields: Set = ["pool", "level", "max_running", "defaults", "executions"]

    init(_ text: [UInt8]) throws(RequestRefusal) {
        let bounds = JSONBounds(
            text,
            depth: JSONBounds.batchDepth,
            values: JSONBounds.batchValues
        )
        try bounds.check(text)
        guard let document = try? JSONDecoder().decode(JSONValue.self, from: Data(text)) else {
            throw RequestRefusal.notJSON(text)
        }
        guard document.fieldCount == bounds.fields else {
            throw RequestRefusal(.invalidRequest, at: "", "an object has a field twice")
        }
        guard case .object(let fields) = document else {
            throw RequestRefusal(.invalidRequest, at: "", "expected an object")
        }
        for name in fields.keys.sorted() where !Self.fields.contains(name) {
            throw RequestRefusal(
                .invalidRequest,
                at: RequestRefusal.pointer(to: [name]),
                "there is no such field"
            )
        }
        pool = try Self.string(fields, "pool")
        level = try Self.level(try Self.string(fields, "level"))
        maximumRunning = try Self.maximumRunning(fields["max_running"])
        defaults = try Self.defaults(fields["defaults"])
        guard case .array(let executions)? = fields["executions"] else {
            throw RequestRefusal(.invalidRequest, at: "/executions", "expected an array")
        }
        guard (1...BatchLimits.members).contains(executions.count) else {
            throw RequestRefusal(
                .invalidRequest,
                at: "/executions",
                "not between 1 and \(BatchLimits.members) of them"
            )
        }
        self.executions = executions
    }

    private static func string(
        _ fields: [String: JSONValue],
        _ name: String
    ) throws(RequestRefusal) -> String? {
        guard let value = fields[name], value != .null else { return nil }
        guard let string = value.string else {
            throw RequestRefusal(.invalidRequest, at: "/\(name)", "expected a string")
        }
        return string
    }

    private static func level(_ name: String?) throws(RequestRefusal) -> Level {
        guard let name else { return .normal }
        guard let level = Level(rawValue: name) else {
            throw RequestRefusal(.invalidRequest, at: "/level", "not high, normal or low")
        }
        return level
    }

    private static func maximumRunning(_ value: JSONValue?) throws(RequestRefusal) -> Int? {
        guard let value, value != .null else { return nil }
        guard case .integer(let number) = value, (1...1_000_000).contains(number) else {
            throw RequestRefusal(
                .invalidRequest,
                at: "/max_running",
                "not a whole number between 1 and 1000000"
            )
        }
        return Int(number)
    }

    private static func defaults(
        _ value: JSONValue?
    ) throws(RequestRefusal) -> [String: JSONValue] {
        guard let value, value != .null else { return [:] }
        guard case .object(let defaults) = value else {
            throw RequestRefusal(.invalidRequest, at: "/defaults", "expected an object")
        }
        for name in ["id", "batch"] where defaults[name] != nil {
            throw RequestRefusal(
                .invalidRequest,
                at: "/defaults/\(name)",
                "each execution has its own"
            )
        }
        return defaults
    }
}
