/// One step of the schema's history; a step that was released never changes.
///
/// Workers of the version before run on while a step is taken, so that it only adds: what is to
/// be dropped is dropped one version after its last use.
struct Migration: Sendable {
    /// An index of a table that may be large, which is made while others write to it.
    struct Index: Sendable {
        /// What it is called.
        let name: String
        /// The table, the columns and the condition.
        let definition: String

        init(_ name: String, on definition: String) {
            self.name = name
            self.definition = definition
        }

        /// The table.
        var table: String { String(definition.prefix { $0 != " " }) }
    }

    /// Its place in the history, from 1 without gaps.
    let version: Int
    /// What it does, for people.
    let name: String
    /// Statements in the schema, which is first in the search path.
    let script: String
    /// What is made after the statements, outside of their transaction where a table has rows.
    var indexes: [Index] = []

    /// The history.
    static let all = [
        initial, deadLetters, flow, tokens, refusedMembers, sweeping, uncountedAttempts,
        lostMessages, lists, supervision, retention, refusals, poolRuntimes,
        requestCompression, timeline, laneTurns, sharedMembers,
    ]
}
