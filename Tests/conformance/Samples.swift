public import FoundationEssentials
public import SandmillEntity
public import SandmillService

extension Claim {
    /// A claim of a small program by `worker`.
    public static func sample(
        id: UUID = UUID(),
        intent: Intent = .run,
        worker: String = "worker-a",
        tenant: String = "default",
        pool: String = "python",
        level: Level = .normal,
        body: String = #"{"source": "print(1)"}"#,
        batch: Submission.Membership? = nil,
        notBefore: Date? = nil,
        deadline: Date? = nil,
        supersedes: UUID? = nil,
        headers: [String: String] = [:]
    ) -> Claim {
        let limits = Limits(
            wall: .seconds(10),
            cpu: .seconds(5),
            memory: .mebibytes(128),
            processes: 32,
            stdout: .mebibytes(1),
            stderr: .mebibytes(1),
            output: .mebibytes(16),
            outputFiles: 100
        )
        let program = Program(
            runtime: .python,
            files: [Program.InputFile(path: "main.py", content: Array("print(1)".utf8))],
            entrypoint: "main.py",
            arguments: [],
            environment: [:],
            stdin: [],
            outputs: [],
            limits: limits
        )
        return Claim(
            token: UUID(),
            intent: intent,
            worker: worker,
            submission: Submission(
                id: id,
                tenant: tenant,
                pool: pool,
                level: level,
                program: program,
                batch: batch,
                notBefore: notBefore,
                deadline: deadline,
                labels: ["student": "s-17"],
                supersedes: supersedes
            ),
            request: RequestMessage(
                properties: MessageProperties(
                    contentType: "application/json",
                    messageID: id.uuidString,
                    replyTo: "replies",
                    timestamp: Date(timeIntervalSince1970: 1_700_000_000),
                    headers: headers
                ),
                body: Array(body.utf8)
            )
        )
    }

    /// The same request, delivered again.
    public func redelivered(to worker: String = "worker-b") -> Claim {
        Claim(token: UUID(), worker: worker, submission: submission, request: request)
    }

    /// The same request with another intent.
    public func meant(_ intent: Intent) -> Claim {
        var claim = self
        claim.intent = intent
        return claim
    }
}

extension FinishedExecution {
    /// The end of what was claimed.
    public static func sample(
        _ claim: Claim,
        attempt: Int = 1,
        outcome: Outcome = Outcome(.cancelled),
        wasQueued: Bool = false,
        files: [OutputFile] = [],
        label: String = "s-17"
    ) -> FinishedExecution {
        let submission = claim.submission
        let now = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded())
        var document = ResultDocument(
            id: submission.id,
            tenant: submission.tenant,
            pool: submission.pool,
            level: submission.level,
            runtime: submission.program.runtime.name,
            batchID: submission.batch?.id,
            labels: submission.labels,
            outcome: outcome,
            attempt: attempt,
            submittedAt: now,
            startedAt: now,
            finishedAt: now,
            worker: claim.worker
        )
        document.files = files
        document.wallSeconds = 0.0041
        document.memoryPeakBytes = .mebibytes(9)
        document.resultsPath = "2026-11-23/\(submission.id)/\(attempt)"
        return FinishedExecution(
            worker: claim.worker,
            wasQueued: wasQueued,
            attempt: attempt,
            document: document,
            encodedDocument: Array(#"{"labels": {"student": "\#(label)"}}"#.utf8),
            sandbox: "container-1",
            events: [
                OutboundMessage(
                    exchange: .events,
                    routingKey: "execution.\(document.state.rawValue).python.default",
                    properties: MessageProperties(messageID: UUID().uuidString),
                    body: Array("event of \(submission.id)".utf8)
                )
            ]
        )
    }
}

extension FailedAttempt {
    /// The failure of an attempt, which the next follows after a time.
    public static func sample(
        _ claim: Claim,
        attempt: Int = 1,
        delay: Duration = .zero
    ) -> FailedAttempt {
        FailedAttempt(
            id: claim.submission.id,
            attempt: attempt,
            worker: claim.worker,
            outcome: Outcome(.errored, .sandboxLost),
            delay: delay
        )
    }
}
