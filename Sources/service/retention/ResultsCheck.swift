public import FoundationEssentials
internal import SandmillEntity

/// Compares the results directory with the records, and mends what differs.
///
/// What is fresh is left alone: of an execution that has not ended any directory may become its result, and what was
/// changed within ``patience`` may be on its way.
public struct ResultsCheck: Sendable {
    /// What differs.
    public enum Finding: Equatable, Sendable {
        /// Files that no record names; they are removed.
        case orphan(String)
        /// What a worker has gathered and nobody goes on with; it is removed.
        case leftover(String)
        /// A name that is not one of ours; it is left as it is.
        case stranger(String)
        /// An execution whose files are not there; its record no longer names them.
        case missing(RecordedPath)
        /// A file of an execution that is not what the record says, while others of it are; it is left as it is.
        case differing(RecordedPath, file: String, Difference)

        /// How a file differs from its record.
        public enum Difference: String, Sendable {
            /// It is not there.
            case lost = "missing_file"
            /// No record names it.
            case unexpected = "unexpected_file"
            /// It has another size.
            case resized = "wrong_size"
        }

        /// A word for programs.
        public var word: String {
            switch self {
            case .orphan: "orphan"
            case .leftover: "leftover"
            case .stranger: "stranger"
            case .missing: "missing"
            case .differing(_, _, let difference): difference.rawValue
            }
        }

        /// Where it is.
        public var path: String {
            switch self {
            case .orphan(let path), .leftover(let path), .stranger(let path): path
            case .missing(let result): result.path
            case .differing(let result, let file, _): "\(result.path)/\(file)"
            }
        }

        /// The execution that it is of, where a record has it.
        public var execution: UUID? {
            switch self {
            case .orphan, .leftover, .stranger: nil
            case .missing(let result), .differing(let result, _, _): result.execution
            }
        }
    }

    private static let group = 500

    private let files: any ResultsListing
    private let records: any ResultRecords
    private let patience: Duration
    private let mayBeElsewhere: Bool

    /// Describes a check.
    ///
    /// - Parameters:
    ///   - files: What is there.
    ///   - records: What should be there.
    ///   - patience: How long files that no record names are left alone.
    ///   - mayBeElsewhere: Whether a worker may have what is not there, so that a record goes on to name it.
    public init(
        files: any ResultsListing,
        records: any ResultRecords,
        patience: Duration = .seconds(3_600),
        mayBeElsewhere: Bool = false
    ) {
        self.mayBeElsewhere = mayBeElsewhere
        self.files = files
        self.records = records
        self.patience = patience
    }

    /// Checks everything.
    ///
    /// - Parameters:
    ///   - mends: Whether what differs is mended.
    ///   - report: Told each difference, before it is mended.
    /// - Returns: How many are mended.
    /// - Throws: ``StoreError``, ``ResultsError``; that, too, where no execution has its files: then it is the
    ///   directory that is wrong, and nothing is mended.
    public func run(
        mends: Bool,
        report: (Finding) -> Void
    ) async throws -> Int {
        // First what could say that the directory is not the right one.
        let missing = try await missing(report)
        var mended = 0
        if mends, !mayBeElsewhere {
            for start in stride(from: 0, to: missing.count, by: Self.group) {
                let group = Array(missing[start..<min(start + Self.group, missing.count)])
                mended += try await records.forget(group)
            }
        }
        for day in try await files.days() {
            mended += try await checkDay(day, mends: mends, report)
        }
        return mended + (try await checkStaged(mends: mends, report))
    }

    // MARK: - Rows without files

    private func missing(_ report: (Finding) -> Void) async throws -> [RecordedPath] {
        var (missing, present, last) = ([RecordedPath](), 0, UUID?.none)
        while true {
            let page = try await records.results(after: last, limit: Self.group)
            let recorded = try await records.files(of: page)
            for result in page {
                guard let found = try await files.files(in: result.path) else {
                    missing.append(result)
                    continue
                }
                present += 1
                for (file, difference) in Self.differences(of: found, from: recorded[result]) {
                    report(.differing(result, file: file, difference))
                }
            }
            last = page.last?.execution
            if page.count < Self.group { break }
        }
        guard missing.count < 10 || present > 0 else {
            throw ResultsError(
                "none of \(missing.count) executions has its files: this is not the directory of these records"
            )
        }
        for result in missing { report(.missing(result)) }
        return missing
    }

    /// What differs, by the names of the files; nothing where the record is gone.
    private static func differences(
        of found: [String: ByteCount],
        from recorded: [String: ByteCount?]?
    ) -> [(file: String, Finding.Difference)] {
        guard let recorded else { return [] }
        let names = Set(found.keys).union(recorded.keys)
        return names.sorted()
            .compactMap { name in
                guard let expected = recorded[name] else { return (name, .unexpected) }
                guard let size = found[name] else { return (name, .lost) }
                return expected == nil || expected == size ? nil : (name, .resized)
            }
    }

    // MARK: - Files without a row

    private func checkDay(
        _ day: String,
        mends: Bool,
        _ report: (Finding) -> Void
    ) async throws -> Int {
        var mended = 0
        let names = try await files.executions(on: day)
        for start in stride(from: 0, to: names.count, by: Self.group) {
            var found: [RecordedPath] = []
            for name in names[start..<min(start + Self.group, names.count)] {
                guard let id = UUID(text: name) else {
                    report(.stranger("\(day)/\(name)"))
                    continue
                }
                for attempt in try await files.attempts(of: name, on: day)
                where attempt.age >= patience {
                    found.append(RecordedPath(execution: id, path: attempt.path))
                }
            }
            let unknown = try await records.unknown(found)
            for result in found where unknown.contains(result) {
                // Its record may have gone with it in between.
                guard try await files.has(result.path) else { continue }
                report(.orphan(result.path))
                if mends {
                    try await files.remove(result.path)
                    mended += 1
                }
            }
        }
        return mended
    }

    private func checkStaged(mends: Bool, _ report: (Finding) -> Void) async throws -> Int {
        var drafts: [(draft: StagedDraft, path: String)] = []
        for found in try await files.staged() where found.age >= patience {
            if let draft = StagedDraft(path: found.path) {
                drafts.append((draft, found.path))
            } else {
                report(.stranger(found.path))
            }
        }
        let abandoned = try await records.abandoned(drafts.map(\.draft))
        var mended = 0
        for (draft, path) in drafts where abandoned.contains(draft) {
            report(.leftover(path))
            if mends {
                try await files.removeStaged(path)
                mended += 1
            }
        }
        return mended
    }
}

extension StagedDraft {
    /// Reads `.staging/<worker>/<execution id>-<attempt>`.
    fileprivate init?(path: String) {
        let parts = path.split(separator: "/")
        guard parts.count == 3, let dash = parts[2].lastIndex(of: "-"),
            let execution = UUID(text: String(parts[2][..<dash])),
            let attempt = Int(parts[2][parts[2].index(after: dash)...])
        else { return nil }
        self.init(worker: String(parts[1]), execution: execution, attempt: attempt)
    }
}
