public import SandmillEntity

/// The results of one attempt while they are gathered.
///
/// One task at a time uses it, but for ``stage()``, which any other may call at any time.
public protocol ResultDraft: Sendable {
    /// The directory it will become, relative to the root.
    var path: String { get }

    /// Begins case `index` of the attempt: what is received from now on is its, and goes below
    /// `cases/<index>/`, and ``summary()`` is of it alone.
    func begin(case index: Int) async throws(ResultsError)

    /// Takes the next piece of output, to memory or, when there is much, to the staging area.
    func receive(_ output: SandboxOutput) async throws(ResultsError)

    /// Makes what was gathered so far visible to followers (``OutputSource``); does nothing when
    /// nothing is new, or after the end. What cannot be staged now waits for the next time.
    func stage() async

    /// What was gathered so far, as the document tells it; of the case that was begun last, if one was.
    func summary() async -> ResultSummary

    /// How many bytes have come so far, of all cases.
    var written: ByteCount { get async }

    /// Ends the gathering, with `document` as `result.json`; nothing is received after it.
    ///
    /// The streams of case `index` become those of the attempt as well; it is nil without cases.
    func finish(document: [UInt8], streamsOf index: Int?) async -> FinishedResult

    /// Throws everything away.
    func discard() async
}

extension ResultDraft {
    /// Ends the gathering of an attempt without cases.
    public func finish(document: [UInt8]) async -> FinishedResult {
        await finish(document: document, streamsOf: nil)
    }
}
