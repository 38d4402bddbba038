import ArgumentParser
import SandmillClient
import SandmillService

/// Carries out what was decided about dead letters, and says what became of them.
struct DeadLetterAction: ParsableArguments {
    /// What becomes of one dead letter.
    enum Verdict: Equatable {
        /// What was decided.
        case done
        /// It stays, for this reason.
        case stays(String)
        /// Somebody else has taken it away.
        case gone
    }

    @Flag(help: "Means every letter, where there is neither an ID nor a filter.")
    var all = false

    @Flag(help: "Prints which letters are meant, and changes nothing.")
    var dryRun = false

    /// Refuses to mean every dead letter by saying nothing.
    func check(_ selection: DeadLetterSelectionOptions) throws {
        switch (all, selection.isEmpty) {
        case (false, true): throw ValidationError("Give IDs, a filter or --all.")
        case (true, false): throw ValidationError("--all excludes IDs and filters.")
        default: return
        }
    }

    /// Decides about the selected dead letters, page by page.
    ///
    /// - Throws: ``ExitStatus/wrongInput`` if a dead letter stays, or is not there.
    func carryOut(
        on selection: DeadLetterSelectionOptions,
        in database: DatabaseClient,
        _ verb: String,
        _ participle: String,
        _ decide: ([DeadLetterSummary]) async throws -> [Verdict]
    ) async throws {
        var table = DeadLetterTable()
        var missing = Set(selection.ids)
        var count = 0
        var isComplete = true
        // Also after a failure between two pages.
        defer {
            let letters = count == 1 ? "1 dead letter" : "\(count) dead letters"
            Terminal.write("\(dryRun ? "would \(verb)" : participle) \(letters)")
        }
        let filter = try await selection.filter(in: database)
        try await database.letters.forEachPage(of: filter) { page in
            var meant: [DeadLetterSummary] = []
            for (letter, verdict) in zip(page, try await decide(page)) where verdict != .gone {
                missing.remove(letter.id)
                if case .stays(let reason) = verdict {
                    Terminal.writeError("sandmill: \(letter.id) stays: \(reason)")
                    isComplete = false
                } else {
                    meant.append(letter)
                }
            }
            count += meant.count
            if dryRun {
                table.write(meant)
            } else if !meant.isEmpty {
                let subject = meant.map { String($0.id) }.joined(separator: " ").cut(to: 200)
                try await database.note(verb, "dead_letter", subject, count: meant.count)
            }
        }
        for id in missing.sorted() {
            Terminal.writeError("sandmill: there is no such dead letter \(id)")
        }
        if !isComplete || !missing.isEmpty { throw ExitCode(ExitStatus.wrongInput.rawValue) }
    }
}

extension DeadLetterAction.Verdict {
    /// Says what became of a dead letter that was to be requeued.
    init(_ outcome: RequeueOutcome) {
        switch outcome {
        case .requeued: self = .done
        case .incomplete:
            self = .stays("only the beginning of its body is kept; give all of it with --body")
        case .unaddressed:
            self = .stays("its routing key is not known; give one with --to")
        case .unknown: self = .gone
        }
    }
}
