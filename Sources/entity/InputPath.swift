/// The path of an input file: relative, plain, below the working directory.
public enum InputPath {
    /// The rule, for people.
    public static let rule =
        "not a relative path of at most 1024 bytes and 32 components, none empty, \".\" or \"..\""

    /// Whether a path keeps the rule; a component has at most 255 bytes and no U+0000.
    ///
    /// ``InputTree`` remembers every directory of every path, so the depth bounds its memory.
    public static func isValid(_ path: String) -> Bool {
        guard path.utf8.count <= 1_024, !path.utf8.contains(0) else { return false }
        let components = path.split(separator: "/", omittingEmptySubsequences: false)
        return components.count <= 32
            && components.allSatisfy {
                !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.count <= 255
            }
    }
}

/// The input files of one request, of which no two may want the same place.
public struct InputTree: Sendable {
    private var files: Set<String> = []
    private var directories: Set<String> = []

    /// Starts without files.
    public init() {}

    /// Adds a valid path; returns what speaks against it, if anything does.
    public mutating func insert(_ path: String) -> String? {
        var parents: [String] = []
        var parent = ""
        for component in path.split(separator: "/").dropLast() {
            parent += parent.isEmpty ? "\(component)" : "/\(component)"
            parents.append(parent)
        }
        if files.contains(path) { return "\"\(path)\" is there twice" }
        if directories.contains(path) { return "\"\(path)\" is a directory of another file" }
        if let file = parents.first(where: files.contains) {
            return "\"\(file)\" is a file, so it has no files below it"
        }
        files.insert(path)
        directories.formUnion(parents)
        return nil
    }
}
