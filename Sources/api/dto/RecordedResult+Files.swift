internal import FoundationEssentials
internal import SandmillEntity
internal import SandmillService

extension RecordedResult {
    /// A file that is there to be read.
    struct Entry {
        let file: ResultFile
        /// The SHA-256 of its content; nil of a stream.
        let sha256: String?
    }

    /// The file that the document calls so, byte by byte; those of a case behind its place, such as
    /// `cases/0/files/out.csv` and `cases/0/stdout`.
    func entry(_ path: String) -> Entry? {
        guard let cases else { return Self.entry(path, among: ending.files) }
        let parts = path.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "cases", let place = Int(parts[1]),
            cases.indices.contains(place), "\(place)" == parts[1]
        else { return nil }
        let entry: Entry? =
            switch parts[2] {
            case "stdout": Entry(file: .stream(.stdout), sha256: nil)
            case "stderr": Entry(file: .stream(.stderr), sha256: nil)
            case let rest where rest.hasPrefix("files/"):
                Self.entry(String(rest.dropFirst(6)), among: cases[place].ending.files)
            default: nil
            }
        return entry.map { Entry(file: .ofCase(place, $0.file), sha256: $0.sha256) }
    }

    private static func entry(_ path: String, among files: [OutputFile]) -> Entry? {
        guard let file = files.first(where: { $0.path.utf8.elementsEqual(path.utf8) }),
            let location = OutputPath(text: file.path)
        else { return nil }
        return Entry(file: .output(location), sha256: file.sha256)
    }
}
