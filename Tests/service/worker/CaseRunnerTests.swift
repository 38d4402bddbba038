import FoundationEssentials
import SandmillEntity
import Synchronization
import Testing

@testable import SandmillService

/// The cases of an execution, on fakes.
@Suite("CaseRunner", .timeLimit(.minutes(5)))
struct CaseRunnerTests {
    private let id = UUID()

    /// Writes what it reads, in pieces.
    private static let echo: FakeEngine.Behaviour = { program, receive in
        for byte in program.stdin { try await receive(.stream(.stdout, [byte])) }
        return .ended(writing: program.stdin.count)
    }

    private func document(
        of cases: String,
        by behaviour: @escaping FakeEngine.Behaviour = echo,
        fields: String = ""
    ) async throws -> (ResultDocument, Journal) {
        let harness = WorkerHarness(behaviour: behaviour)
        try await harness.run { _ in
            harness.broker.deliver(.sample(id, fields: "\"cases\": [\(cases)]\(fields)"))
            await harness.journal.wait { entry in
                if case .finished = entry { true } else { false }
            }
        }
        let result = try #require(try await harness.store.execution(id)?.result)
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let text = try decoder.singleValueContainer().decode(String.self)
            return DocumentCoder.timestamp(text) ?? .distantPast
        }
        return (try decoder.decode(ResultDocument.self, from: Data(result.utf8)), harness.journal)
    }

    @Test func outputIsComparedHoweverItComes() async throws {
        let (document, _) = try await document(
            of: """
                {"stdin": "1 2", "expected_stdout": "1 2\\n"}, {"stdin": "1", "expected_stdout": ""},
                {"stdin": "1.0", "expected_stdout": "1", "compare": "float:0"}
                """
        )
        #expect(document.cases?.map(\.verdict) == [.accepted, .wrongAnswer, .accepted])
        #expect(document.state == .failed)
        #expect(document.reason == .wrongAnswer)
        #expect(document.stdout.preview == "1")
    }

    /// What is expected is told where the request says so, and otherwise not a byte of it.
    @Test(arguments: [
        ("", "null", "null"), (", \"reveal\": \"position\"", "null", "null"),
        (", \"reveal\": \"difference\"", "\"a SECRET\"", "\"a guess\""),
    ])
    func aWrongAnswerSaysWhereItDiffersAsTheRequestLetsIt(
        fields: String,
        expected: String,
        got: String
    ) async throws {
        let (document, _) = try await document(
            of: """
                {"stdin": "1\\na guess\\n", "expected_stdout": "1\\na SECRET\\n"},
                {"stdin": "1", "expected_stdout": "1"}
                """,
            fields: fields
        )
        let text = String(decoding: DocumentCoder.encode(document), as: UTF8.self)
        let difference = "{\"column\":3,\"expected\":\(expected),\"got\":\(got),\"line\":2}"
        #expect(text.contains("\"difference\":\(difference)"), "\(text)")
        #expect(text.contains("SECRET") == fields.contains("difference"))
        #expect(document.cases?.last?.difference == nil)
    }

    @Test func aRequestThatRevealsNothingSaysOnlyThatAnAnswerIsWrong() async throws {
        let (document, _) = try await document(
            of: "{\"stdin\": \"1\", \"expected_stdout\": \"SECRET\"}",
            fields: ", \"reveal\": \"none\""
        )
        #expect(document.cases?.map(\.verdict) == [.wrongAnswer])
        #expect(document.cases?.map(\.difference) == [nil])
    }

    @Test func acceptedCasesEarnTheirPointsAndOthersNone() async throws {
        let (document, _) = try await document(
            of: """
                {"stdin": "1", "expected_stdout": "1", "points": 0.1},
                {"stdin": "1", "expected_stdout": "1", "points": 0.2}, {"stdin": "1"},
                {"stdin": "1", "expected_stdout": "2", "points": 4}, {"points": 8}
                """,
            fields: ", \"stop_on_first_failure\": true"
        )
        #expect(document.score == 0.3)
        #expect(document.points == 12.3)
        #expect(document.cases?.map(\.score) == [0.1, 0.2, nil, 0, 0])
        #expect(document.cases?.map(\.points) == [0.1, 0.2, nil, 4, 8])
    }

    @Test func casesThatAreNotRunEarnNothing() async throws {
        let (expired, _) = try await document(
            of: "{\"points\": 2}",
            fields: ", \"deadline\": \"2001-01-01T00:00:00Z\""
        )
        #expect(expired.state == .expired)
        #expect(expired.score == 0)
        #expect(expired.points == 2)
        let (without, _) = try await document(of: "{}")
        #expect(without.score == nil)
        #expect(without.points == nil)
    }

    @Test func figuresAreTheSumAndTheMaximum() async throws {
        let runs = Mutex(0)
        let (document, _) = try await document(of: "{}, {}, {}") { _, _ in
            let run = runs.withLock { runs in
                runs += 1
                return runs
            }
            var report = SandboxReport.ended(writing: 0)
            report.exit.wall = .milliseconds(100 * run)
            report.exit.cpu = .milliseconds(10)
            report.exit.memoryPeak = .mebibytes(run == 2 ? 9 : 4)
            return report
        }
        #expect(document.state == .succeeded)
        #expect(document.wallSeconds == 0.6)
        #expect(document.cpuSeconds == 0.03)
        #expect(document.memoryPeakBytes == .mebibytes(9))
        #expect(document.cases?.map(\.wallSeconds) == [0.1, 0.2, 0.3])
    }

    /// Its head and tail are what is expected; of its middle nobody knows.
    @Test func truncatedOutputIsNeverRight() async throws {
        let (document, _) = try await document(of: "{\"expected_stdout\": \"ok\"}") { _, receive in
            try await receive(.stream(.stdout, Array("o".utf8)))
            try await receive(.stream(.stdout, Array("k".utf8)))
            return .ended(writing: 3)
        }
        #expect(document.cases?.map(\.verdict) == [.wrongAnswer])
        #expect(document.cases?.map(\.reason) == [.stdout])
        #expect(document.cases?.map(\.difference) == [nil])
    }

    @Test func aSandboxThatIsNotCleanForTheNextCaseCostsTheAttempt() async throws {
        let runs = Mutex(0)
        let (document, journal) = try await document(of: "{}, {}, {}") { _, _ in
            let run = runs.withLock { runs in
                runs += 1
                return runs
            }
            var report = SandboxReport.ended(writing: 0)
            report.isClean = run != 2
            return report
        }
        #expect(document.state == .succeeded)
        #expect(document.attempt == 2)
        #expect(journal.count(of: .retried(id, .sandboxLost)) == 1)
        #expect(journal.count(of: .ran("work")) == 5)
    }

    @Test func aSandboxThatIsNotCleanAfterTheLastCaseIsDestroyedAndTheResultStands() async throws {
        let runs = Mutex(0)
        let (document, journal) = try await document(of: "{}, {}") { _, _ in
            let run = runs.withLock { runs in
                runs += 1
                return runs
            }
            var report = SandboxReport.ended(writing: 0)
            report.isClean = run != 2
            return report
        }
        #expect(document.state == .succeeded)
        #expect(document.attempt == 1)
        await journal.wait(for: .destroyed(sandbox: "s1"))
    }

    @Test func allCasesHaveOneLeaseAndKeepWhatIsBuilt() async throws {
        let (document, journal) = try await document(of: "{}, {}, {}, {}")
        #expect(document.cases?.count == 4)
        #expect(journal.count(of: .keptBuild) == 1)
        // Python has nothing to be forgotten.
        #expect(journal.count(of: .forgotBuild) == 0)
    }

    @Test(arguments: [false, true])
    func whatIsBuiltIsForgottenHoweverTheCasesEnd(stopsOnFirstFailure: Bool) async throws {
        let journal = Journal()
        let engine = FakeEngine(journal: journal) { _, _ in
            var report = SandboxReport.ended(writing: 0)
            report.exit.status = .code(1)
            return report
        }
        let program = Program(
            runtime: .c,
            files: [],
            entrypoint: "main.c",
            arguments: [],
            environment: [:],
            stdin: [],
            outputs: [],
            limits: .sample
        )
        let cases = CaseRunner(
            execution: id,
            program: program,
            plan: TestPlan(
                cases: ["a", "b", "c"].map { TestCase(name: $0, arguments: [], stdin: []) },
                stopsOnFirstFailure: stopsOnFirstFailure
            ),
            sandbox: try await engine.start(.sample),
            killsOnExcessOutput: false,
            draft: InMemoryResults(journal: journal).begin(execution: id, attempt: 1, day: .now)
        )
        let end = try await cases.run()
        #expect(end.isClean)
        #expect(end.outcome.reason == .exitCode)
        #expect(journal.count(of: .keptBuild) == 1)
        #expect(journal.count(of: .forgotBuild) == 1)
        #expect(journal.count(of: .ran("")) == (stopsOnFirstFailure ? 1 : 3))
    }

    @Test func anExecutionThatIsCancelledBetweenTwoCasesRunsNoFurther() async throws {
        let runs = Mutex(0)
        let gate = Gate()
        let harness = WorkerHarness { _, _ in
            let run = runs.withLock { runs in
                runs += 1
                return runs
            }
            if run == 2 { await gate.pass() }
            return .ended(writing: 0)
        }
        try await harness.run { _ in
            harness.broker.deliver(.sample(id, fields: "\"cases\": [{}, {}, {}]"))
            await harness.journal.wait(for: .ran("work"), times: 2)
            let cancellations = Cancellations(store: harness.store, relay: nil)
            _ = try await cancellations.cancel(execution: id, tenant: nil, keepsUnknown: true)
            await harness.journal.wait(for: .cancelled(sandbox: "s1"))
            gate.open()
            await harness.journal.wait(for: .finished(id, .cancelled))
        }
        #expect(harness.journal.count(of: .ran("work")) == 2)
        let result = try #require(try await harness.store.execution(id)?.result)
        #expect(result.contains("\"verdict\":\"skipped\""))
        #expect(result.ranges(of: "\"verdict\":\"accepted\"").count == 2)
    }

    @Test func filesOfAllCasesTogetherAreHeldToTheLimits() async throws {
        let file = try #require(OutputPath(Array("a".utf8)))
        let (document, _) = try await document(
            of: "{}, {}, {}",
            by: { _, receive in
                try await receive(.file(file, size: ByteCount(2 as Int64)))
                try await receive(.content([1, 2]))
                return .ended(writing: 0)
            },
            fields: ", \"limits\": {\"output_files\": 2}"
        )
        #expect(document.cases?.map(\.files.count) == [1, 1, 0])
        #expect(document.cases?.last?.skipped == [SkippedFile(path: "a", reason: .tooMany)])
        #expect(document.allFiles.map(\.path) == ["cases/0/files/a", "cases/1/files/a"])
    }

    @Test func previewsOfManyCasesAreShort() async throws {
        let text = String(repeating: "é", count: 2_048)
        let cases = (0..<64).map { _ in "{\"stdin\": \"\(text)\"}" }.joined(separator: ",")
        let (document, _) = try await document(of: cases)
        let results = try #require(document.cases)
        #expect(results.allSatisfy { $0.stdout.preview.utf8.count == 2_048 })
        #expect(results.allSatisfy { $0.stdout.storedBytes == ByteCount(4_096 as Int64) })
    }
}

extension SandboxReport {
    /// A success that wrote so many bytes to standard output.
    fileprivate static func ended(writing bytes: Int) -> SandboxReport {
        var report = success
        report.exit.stdout = ByteCount(bytes)
        return report
    }
}
