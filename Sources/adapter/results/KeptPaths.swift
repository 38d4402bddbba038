internal import Glibc
internal import SandmillEntity

/// The places of the output files that an attempt keeps, below its directory, and what cannot be
/// among them.
///
/// What a sandbox says is hostile, and our own directories stand before what it names; what the file
/// system would refuse, it would refuse at every attempt.
struct KeptPaths {
    /// So deep the agent looks; what reads a file opens each directory on the way.
    private static let depthLimit = 64

    /// The most bytes that the text of a place may have; nil where there is no such bound.
    private let textLimit: Int?
    private var files: Set<[UInt8]> = []
    private var directories: Set<[UInt8]> = []

    init(textLimit: Int? = nil) {
        self.textLimit = textLimit
    }

    /// Takes in the place of a file whose path is `path`; why it is not kept, or nil.
    mutating func refusal(of path: OutputPath, at location: OutputPath) -> SkippedFile.Reason? {
        let components = path.components
        // The system's limit counts the NUL behind a path.
        guard location.bytes.count < PATH_MAX, components.allSatisfy({ $0.count <= NAME_MAX })
        else {
            return .pathTooLong
        }
        if let textLimit, location.text.utf8.count > textLimit { return .pathTooLong }
        guard components.count <= Self.depthLimit else { return .tooDeep }
        var parents: [[UInt8]] = []
        for component in components.dropLast() {
            parents.append(parents.last.map { $0 + [UInt8(ascii: "/")] + component } ?? component)
        }
        let isFree =
            !files.contains(path.bytes) && !directories.contains(path.bytes)
            && parents.allSatisfy { !files.contains($0) }
        guard isFree else { return .pathTaken }
        files.insert(path.bytes)
        directories.formUnion(parents)
        return nil
    }
}
