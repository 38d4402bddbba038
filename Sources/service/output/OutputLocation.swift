public import FoundationEssentials

/// Where the output of an attempt is.
public enum OutputLocation: Equatable, Sendable {
    /// In the staging area of the worker that runs it.
    case staged(execution: UUID, attempt: Int, worker: String)
    /// In its directory, relative to the root (``ResultDraft/path``), whole.
    case published(path: String)
}
