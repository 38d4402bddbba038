internal import SandmillEntity
public import SandmillService

extension ResultsDirectory: ResultRemoval {
    /// Removes the directory of an attempt, and those above it that are empty then.
    public func remove(_ path: String) throws(ResultsError) {
        let parts = path.split(separator: "/").map { Array($0.utf8) }
        guard parts.count == 3, OutputPath(Array(path.utf8)) != nil,
            parts[0] != Array(".staging".utf8)
        else { throw ResultsError("\"\(path)\" is not the directory of an attempt") }
        try removeAttempt(parts[2], of: parts[1], on: parts[0])
    }
}
