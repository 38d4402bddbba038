import ArgumentParser
import Foundation
import SandmillClient
import SandmillEntity
import SandmillService

/// How a batch is waited for, and what is made of its end.
struct BatchWaitOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Writes a row a member to a file in the end; .xml is JUnit's, .md is Markdown.",
            valueName: "file.csv|.json|.xml|.md"
        ),
        completion: .file(extensions: ["csv", "json", "xml", "md"])
    )
    var report: String?

    @Option(
        help: ArgumentHelp(
            "Ends with 75 when it has not ended by then, such as 30s or 2h.",
            valueName: "time"
        )
    )
    var timeout: Age?

    /// Whether anything of it is asked for.
    var isAskedFor: Bool { report != nil || timeout != nil }

    /// The report, if one is asked for.
    func openReport() throws(ClientError) -> BatchReport? {
        guard let report else { return nil }
        return try BatchReport(report)
    }

    /// Waits for a batch, with a bar for a person, and result documents for whatever else reads them.
    ///
    /// Once an interruption is answered, a batch that `isNew` is named on standard error.
    func follow(
        _ watch: BatchWatch,
        of batch: UUID,
        isNew: Bool = false,
        size: Int?,
        subscription: EventSubscription?
    ) async throws -> BatchProgress {
        if report != nil { Terminal.outliveReader() }
        return try await Interruption.saying(
            "the batch goes on; to come back: sandmill batch wait \(batch.text)"
        ) {
            if isNew { Terminal.writeError(batch.text) }
            return try await follow(watch, size: size, subscription: subscription)
        }
    }

    private func follow(
        _ watch: BatchWatch,
        size: Int?,
        subscription: EventSubscription?
    ) async throws -> BatchProgress {
        var bar = Terminal.showsErrors ? ProgressBar(width: Terminal.errorWidth) : nil
        bar?.begin(size: size)
        // What a command says next, be it an error, is not to stand behind the bar.
        defer { bar?.end() }
        return try await watch.follow(
            size: size,
            subscription: subscription,
            timeout: timeout?.duration,
            tell: { end in if !Terminal.showsOutput { Terminal.write(end.document) } },
            show: { progress in bar?.show(progress) }
        )
    }

    /// Shows what became of the members, writes the report, and ends accordingly.
    ///
    /// - Parameters:
    ///   - progress: What is known.
    ///   - members: The labels of the members by their ids, as far as they are known.
    ///   - leftOut: What was not sent.
    ///   - report: Where the rows go too.
    /// - Throws: The exit code, unless all succeeded.
    func conclude(
        _ progress: BatchProgress,
        members: [UUID: [String: String]] = [:],
        leftOut: [ProgramDirectory.LeftOut] = [],
        report: BatchReport?
    ) throws {
        let rows = (progress.rows(of: members) + leftOut.map(MemberRow.init)).inOrder
        // First what must not be lost if nobody reads the rest.
        try report?.write(rows)
        if Terminal.showsOutput {
            Terminal.write(table: rows.table(width: Terminal.width))
            Terminal.write("")
            Terminal.write(rows.summary)
        } else {
            for row in rows where row.state == nil && row.id != nil {
                Terminal.writeError("\(row.name): \(row.verdict.words)")
            }
            Terminal.writeError(rows.summary)
        }
        let nameless = progress.refused - progress.refusals.count
        if nameless > 0 {
            Terminal.writeError("\(nameless) more were refused; their dead letters are gone")
        }
        guard progress.isComplete else {
            let size = progress.size.map { "\(progress.finished) of \($0)" } ?? "nothing of it"
            throw Failure(.tryAgain, "\(size) had ended when the time was up")
        }
        if !progress.succeeded { throw ExitCode(ExitStatus.unsuccessful.rawValue) }
    }
}
