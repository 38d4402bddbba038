internal import FoundationEssentials
internal import SandmillEntity
internal import SandmillService

/// Where things lie below the root of the results directory.
enum ResultsLayout {
    /// Where all workers gather results.
    static let stagingRoot = ".staging"

    /// Where a worker gathers the results of its attempts, each in a directory of its own.
    static func stagingArea(of worker: String) -> String { "\(stagingRoot)/\(worker)" }

    /// The directory of an attempt in the staging area.
    static func stagedName(_ execution: UUID, attempt: Int) -> String {
        "\(execution.text)-\(attempt)"
    }

    /// The directory of an attempt that ended, under the UTC day of `day`.
    static func place(_ execution: UUID, attempt: Int, day: Date) -> String {
        let style = Date.ISO8601FormatStyle().year().month().day()
        return "\(day.formatted(style))/\(execution.text)/\(attempt)"
    }

    /// The directory of a case in the directory of an attempt.
    static func directory(ofCase index: Int) -> String { "cases/\(index)" }

    /// The file of a stream in the directory of an attempt, or of a case.
    static func file(of stream: SandboxOutput.Stream) -> String {
        switch stream {
        case .stdout: "stdout"
        case .stderr: "stderr"
        }
    }
}
