/// The path of an input file: relative, plain, below the working directory.
public enum InputPath {
    /// The rule, for people.
    public static let rule =
        "not a relative path of at most 1024 bytes and 32 components, none empty, \".\" or \"..\""

    /// Whether a path keeps the rule; a component has at most 255 bytes and no U+0000.
    ///
    /// It is read byte by byte, as the kernel does: before a combining mark a `/` is part of
    /// another `Character`, and a separator all the same. ``InputTree`` remembers every directory
    /// of every path, so the depth bounds its memory.
    public static func isValid(_ path: String) -> Bool {
        guard path.utf8.count <= 1_024, !path.utf8.contains(0) else { return false }
        let components = path.utf8.split(separator: slash, omittingEmptySubsequences: false)
        return components.count <= 32
            && components.allSatisfy {
                (1...255).contains($0.count) && !$0.elementsEqual(".".utf8)
                    && !$0.elementsEqual("..".utf8)
            }
    }
}

/// The input files of one request, of which no two may want the same place.
public struct InputTree: Sendable {
    private var files: Set<[UInt8]> = []
    private var directories: Set<[UInt8]> = []

    /// Starts without files.
    public init() {}

    /// Whether it has a file there.
    public func hasFile(_ path: String) -> Bool { files.contains(Array(path.utf8)) }

    /// Adds a valid path; returns what speaks against it, if anything does.
    public mutating func insert(_ path: String) -> String? {
        let bytes = Array(path.utf8)
        let parents = bytes.indices.filter { bytes[$0] == slash }.map { Array(bytes[..<$0]) }
        if files.contains(bytes) { return "\"\(path)\" is there twice" }
        if directories.contains(bytes) { return "\"\(path)\" is a directory of another file" }
        if let file = parents.first(where: files.contains) {
            let name = String(decoding: file, as: UTF8.self)
            return "\"\(name)\" is a file, so it has no files below it"
        }
        files.insert(bytes)
        directories.formUnion(parents)
        return nil
    }
}

private let slash = UInt8(ascii: "/")
