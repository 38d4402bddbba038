internal import SandmillEntity

/// Takes the output of the cases of an execution on its way to the draft: holds it against what is
/// expected, and bounds the files of all cases together.
actor CaseOutput {
    private let draft: any ResultDraft
    private var allowance: FileAllowance
    private var matcher: OutputMatcher?
    private var dropsContent = false

    init(draft: any ResultDraft, limits: Limits) {
        self.draft = draft
        allowance = FileAllowance(limits)
    }

    /// Begins a case.
    func begin(_ index: Int, _ testCase: TestCase) async throws(ResultsError) {
        matcher = testCase.expectedStdout.map {
            OutputMatcher(expected: $0, by: testCase.comparison)
        }
        try await draft.begin(case: index)
    }

    /// Takes the next piece of the case's output.
    func receive(_ output: SandboxOutput) async throws(ResultsError) {
        switch output {
        case .stream(.stdout, let bytes):
            matcher?.take(bytes)
            try await draft.receive(output)
        case .stream(.stderr, _):
            try await draft.receive(output)
        case .file(let path, let size):
            let refusal = allowance.refusal(of: path, size: size)
            dropsContent = refusal != nil
            if let refusal {
                try await skip(path, refusal)
            } else {
                try await draft.receive(output)
            }
        case .content:
            if !dropsContent { try await draft.receive(output) }
        case .skipped(let path, let reason):
            try await skip(path, reason)
        }
    }

    /// What the case's output is, now that it is all; `isTruncated` when it lost its middle.
    func answer(isTruncated: Bool) -> CaseJudgement.Answer {
        guard let matcher else { return .right }
        if isTruncated { return .truncated }
        return matcher.difference().map { .wrong($0) } ?? .right
    }

    private func skip(
        _ path: OutputPath,
        _ reason: SkippedFile.Reason
    ) async throws(ResultsError) {
        guard let told = allowance.told(ofSkipped: path, reason) else { return }
        try await draft.receive(.skipped(path, told))
    }
}
