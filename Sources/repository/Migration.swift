/// One step of the schema's history; a step that was released never changes.
///
/// Workers of the version before run on while a step is taken, so that it only adds: what is to
/// be dropped is dropped one version after its last use.
struct Migration: Sendable {
    /// Its place in the history, from 1 without gaps.
    let version: Int
    /// What it does, for people.
    let name: String
    /// Statements in the schema, which is first in the search path.
    let script: String

    /// The history.
    static let all = [
        initial, deadLetters, flow, tokens, refusedMembers, sweeping, uncountedAttempts,
        lostMessages, lists, supervision, poolRuntimes,
    ]
}
