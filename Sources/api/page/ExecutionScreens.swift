internal import FoundationEssentials
internal import SandmillEntity
internal import SandmillService

/// `/ui/executions`: what was submitted, and what became of it.
struct ExecutionScreens: Sendable {
    let finder: TenantScopedRecords
    let traces: any ExecutionTraces
    let requests: any RequestRecords

    // MARK: - One

    private struct View: Sendable {
        struct Step: Sendable {
            let name: String
            let state: String
            let duration: String
            let x: Int
            let width: Int
            let y: Int
            let barY: Int
        }
        struct Fact: Sendable {
            let name: String
            let text: String
            var path: String?
        }
        struct Table<Row: Sendable>: Sendable {
            let rows: [Row]

            init?(_ rows: [Row]) {
                if rows.isEmpty { return nil }
                self.rows = rows
            }
        }
        struct Attempt: Sendable {
            let number: Int
            let state: String
            let stateText: String
            let reason: String
            let worker: String
            let sandbox: String
            let finished: PageTime
        }
        struct Case: Sendable {
            let name: String
            let state: String
            let stateText: String
            let reason: String
            let wall: String
            let memory: String
            let score: String
            let difference: String?
            let preview: String
        }
        struct Stream: Sendable {
            let name: String
            let size: String
            let text: String
            let path: String?
        }
        struct File: Sendable {
            let name: String
            let path: String
            let size: String
            let sha256: String
        }

        let csrf: String
        let id: String
        let state: String
        let stateText: String
        let reason: String
        let wait: String?
        let canCancel: Bool
        let canRerun: Bool
        let timelineHeight: Int
        let steps: [Step]
        let submitted: PageTime
        let started: PageTime?
        let finished: PageTime?
        let facts: [Fact]
        let hasLabels: Bool
        let labels: [Fact]
        let attempts: Table<Attempt>?
        let cases: Table<Case>?
        let streams: [Stream]
        let live: String?
        let files: Table<File>?
        let document: String?
        let request: String?
    }

    func one(_ visit: Page.Visit) async throws -> Page.Screen {
        let record = try await finder.execution(visit.context).told
        let trace = try await traces.trace(record.id)
        let document = try record.result.map { text in
            try RecordedResult(document: text.utf8)
        }
        let isOver = record.state.isTerminal
        let steps = record.steps(attempts: trace?.attempts ?? [], at: Date())
        let request = try await requests.requests(of: [record.id]).first.flatMap { $0?.body }
        let view = View(
            csrf: visit.formToken,
            id: record.id.text,
            state: record.state.rawValue,
            stateText: PageFormat.words(record.state.rawValue),
            reason: PageFormat.words(record.reason ?? ""),
            wait: trace?.wait.map(Self.text(of:)),
            canCancel: !isOver && visit.caller.submits,
            canRerun: isOver && visit.caller.submits,
            timelineHeight: 24 * steps.count,
            steps: Self.bars(of: steps),
            submitted: PageTime(record.submittedAt),
            started: record.startedAt.map { PageTime($0) },
            finished: record.finishedAt.map { PageTime($0) },
            facts: Self.facts(of: record, trace, document),
            hasLabels: document?.labels.isEmpty == false,
            labels: (document?.labels ?? [:]).sorted { $0.key < $1.key }
                .map { key, value in
                    View.Fact(
                        name: key,
                        text: "\(key)=\(value)",
                        path: "../executions?label.\(key.queryEscaped)=\(value.queryEscaped)"
                    )
                },
            attempts: View.Table((trace?.attempts ?? []).map { Self.row(of: $0) }),
            cases: View.Table((document?.cases ?? []).map { Self.row(of: $0) }),
            streams: Self.streams(of: document),
            live: isOver ? nil : "\(record.id.text)/stream",
            files: View.Table(
                (document?.ending.files ?? []).map { Self.row(of: $0, record.id) }
            ),
            document: record.result.map(Self.indented),
            request: request.map { Self.indented(String(decoding: $0, as: UTF8.self)) }
        )
        // While it runs, its output follows by a stream of its own, which ends with a look at the end.
        return Page.Screen(PageFormat.short(record.id), .execution, view)
    }

    private static func bars(of steps: [ExecutionStep]) -> [View.Step] {
        guard let start = steps.first?.start, let end = steps.last?.end else { return [] }
        let whole = max(end.timeIntervalSince(start), 0.001)
        return steps.enumerated()
            .map { index, step in
                let offset = step.start.timeIntervalSince(start) / whole
                let length = step.duration / .seconds(1) / whole
                return View.Step(
                    name: step.name.text,
                    state: step.state.rawValue,
                    duration: PageFormat.text(step.duration),
                    x: 110 + Int(208 * min(1, max(0, offset))),
                    width: max(2, Int(210 * min(1, length))),
                    y: 24 * index + 16,
                    barY: 24 * index + 7
                )
            }
    }

    private static func text(of wait: QueueWait) -> String {
        let place =
            switch wait.place {
            case .broker: "Its message is on its way through the broker."
            case .store: "It waits for a worker that has room."
            case .time: "It does not start before \(PageTime(wait.availableAt).utc)."
            case .batch: "It waits for another member of its batch to end."
            }
        let ahead = wait.ahead == 0 ? "" : " \(PageFormat.text(wait.ahead)) came before it."
        let estimate = wait.estimate.map {
            " At the pace of the last minute: \(PageFormat.text($0))."
        }
        return place + ahead + (estimate ?? "")
    }

    private static func facts(
        of record: ExecutionRecord,
        _ trace: ExecutionTrace?,
        _ document: RecordedResult?
    ) -> [View.Fact] {
        var facts = [
            View.Fact(
                name: "Tenant",
                text: record.tenant,
                path: "../executions?tenant=\(record.tenant.queryEscaped)"
            ),
            View.Fact(name: "Pool", text: "\(record.pool), \(record.level.rawValue)"),
            View.Fact(name: "Runtime", text: document?.runtime ?? ""),
            View.Fact(name: "Exit code", text: document?.ending.exitCode.map { "\($0)" } ?? ""),
            View.Fact(name: "Signal", text: document?.ending.signal.map { "\($0)" } ?? ""),
            View.Fact(
                name: "Wall time",
                text: PageFormat.text(seconds: document?.ending.wallSeconds)
            ),
            View.Fact(
                name: "CPU time",
                text: PageFormat.text(seconds: document?.ending.cpuSeconds)
            ),
            View.Fact(
                name: "Peak memory",
                text: document?.ending.memoryPeak.map { PageFormat.text($0) } ?? ""
            ),
            View.Fact(
                name: "Score",
                text: PageFormat.text(score: document?.score, of: document?.points)
            ),
            View.Fact(name: "Attempt", text: record.attempt == 0 ? "" : "\(record.attempt)"),
            View.Fact(name: "Worker", text: record.worker ?? ""),
            View.Fact(name: "Sandbox", text: String((trace?.sandbox ?? "").prefix(12))),
            View.Fact(name: "Image", text: document?.image ?? ""),
        ]
        if let batch = record.batchID {
            facts.append(
                View.Fact(name: "Batch", text: batch.text, path: "../batches/\(batch.text)")
            )
        }
        if let first = document?.rerunOf {
            facts.append(View.Fact(name: "Rerun of", text: first.text, path: first.text))
        }
        if let isAnnounced = trace?.attempts.last?.isAnnounced {
            facts.append(
                View.Fact(
                    name: "Announced",
                    text: isAnnounced ? "yes" : "not yet: the broker has not confirmed it"
                )
            )
        }
        if let cancelled = trace?.cancelledAt {
            facts.append(View.Fact(name: "Cancelled", text: PageTime(cancelled).utc))
        }
        return facts.filter { $0.text != "" }
    }

    private static func row(of attempt: AttemptRecord) -> View.Attempt {
        View.Attempt(
            number: attempt.number,
            state: attempt.state.rawValue,
            stateText: PageFormat.words(attempt.state.rawValue),
            reason: PageFormat.words(attempt.reason ?? ""),
            worker: attempt.worker,
            sandbox: String((attempt.sandbox ?? "").prefix(12)),
            finished: PageTime(attempt.finishedAt)
        )
    }

    private static func row(of result: RecordedResult.Case) -> View.Case {
        let verdict = result.verdict?.rawValue ?? ""
        let state: String =
            switch result.verdict?.known {
            case .accepted: "succeeded"
            case .skipped: "cancelled"
            default: ExecutionState(rawValue: verdict) == nil ? "failed" : verdict
            }
        return View.Case(
            name: result.name,
            state: state,
            stateText: PageFormat.words(verdict),
            reason: PageFormat.words(result.ending.reason?.rawValue ?? ""),
            wall: PageFormat.text(seconds: result.ending.wallSeconds),
            memory: result.ending.memoryPeak.map { PageFormat.text($0) } ?? "",
            score: PageFormat.text(score: result.score, of: result.points),
            difference: result.difference.map(Self.text(of:)),
            preview: PageFormat.line(result.ending.stdout?.preview ?? "")
        )
    }

    private static func text(of difference: OutputDifference) -> String {
        let place = "line \(difference.line), column \(difference.column)"
        if difference.expected == nil, difference.got == nil { return place }
        let expected = difference.expected.map { "\"\($0)\"" } ?? "the end"
        let got = difference.got.map { "\"\($0)\"" } ?? "the end"
        return "\(place): expected \(expected), got \(got)"
    }

    private static func streams(of document: RecordedResult?) -> [View.Stream] {
        guard let document else { return [] }
        let streams = [("stdout", document.ending.stdout), ("stderr", document.ending.stderr)]
        return streams.compactMap { name, stream in
            guard let stream, let bytes = stream.bytes, bytes > .zero else { return nil }
            let stored = stream.storedBytes ?? bytes
            let preview = stream.preview ?? ""
            let isWhole = preview.utf8.count >= stored.bytes
            return View.Stream(
                name: name,
                size: PageFormat.text(bytes)
                    + (stored < bytes ? ", of which \(PageFormat.text(stored)) are kept" : ""),
                text: preview,
                path: isWhole ? nil : "\(document.id.text)/\(name)"
            )
        }
    }

    private static func row(of file: OutputFile, _ id: UUID) -> View.File {
        let path = file.path.split(separator: "/", omittingEmptySubsequences: false)
            .map { String($0).queryEscaped }.joined(separator: "/")
        return View.File(
            name: file.path,
            path: "\(id.text)/files/\(path)",
            size: PageFormat.text(file.bytes),
            sha256: String(file.sha256.prefix(16))
        )
    }

    private static func indented(_ document: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard
            let value = try? JSONDecoder().decode(JSONValue.self, from: Data(document.utf8)),
            let data = try? encoder.encode(value)
        else { return document }
        return String(decoding: data, as: UTF8.self)
    }

    // MARK: - Finding

    /// Where what somebody typed or pasted leads: an execution, a batch, or a dead letter.
    func find(_ visit: Page.Visit) async throws -> String {
        let text = try visit.request.parameter("q") ?? ""
        let key = text.filter { !$0.isWhitespace }.lowercased()
        if let id = UUID(text: key) {
            if let record = try await finder.records.execution(id), visit.caller.sees(record.tenant)
            {
                return "ui/executions/\(id.text)"
            }
            if let batch = try await finder.records.batch(id), visit.caller.sees(batch.tenant) {
                return "ui/batches/\(id.text)"
            }
            throw Problem(.notFound, "nothing has the id \(key)")
        }
        if Int64(key) != nil, key.count < 8, visit.caller.operates {
            return "ui/dead-letters/\(key)"
        }
        return "ui/executions?id=\(key.queryEscaped)"
    }
}
