/// A value that somebody set, and where.
struct Setting: Sendable {
    /// A scalar as it was written, or the elements of a list.
    enum Value: Sendable {
        case scalar(String)
        case list([String])
    }

    let value: Value
    /// The file and line, the variable or the flag that set it.
    let origin: String
}

/// Settings by key (`broker.url`), later sources before earlier ones.
struct Settings: Sendable {
    private(set) var byKey: [String: Setting] = [:]
    /// Keys that are there without a value.
    private(set) var emptyKeys: Set<String> = []
    /// Sections without a key in them, and where they stand.
    private(set) var emptySections: [String: String] = [:]

    mutating func set(_ key: String, _ value: Setting.Value, origin: String) {
        byKey[key] = Setting(value: value, origin: origin)
    }

    mutating func addEmptyKey(_ key: String) {
        emptyKeys.insert(key)
    }

    mutating func addEmptySection(_ key: String, origin: String) {
        emptySections[key] = origin
    }
}
