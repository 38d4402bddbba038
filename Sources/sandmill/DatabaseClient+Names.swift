import ArgumentParser
import Foundation
import SandmillClient
import SandmillEntity
import SandmillRepository
import SandmillService

/// An id as people give it: whole, its beginning, or the name of a member of a batch.
///
/// 1. A whole id is taken as it is, whether anything is known of it or not.
/// 2. A name means the newest execution that is called so, and goes before the beginning of an id.
/// 3. What means several is refused, with some of them.
extension DatabaseClient {
    private static let shown = 5

    /// The execution that a text means.
    func execution(_ text: String, tenant: String? = nil) async throws -> UUID {
        try await id(text, .execution, "an execution", tenant)
    }

    /// The batch that a text means.
    func batch(_ text: String, tenant: String? = nil) async throws -> UUID {
        try await id(text, .batch, "a batch", tenant)
    }

    /// The execution or the batch that a text means.
    func anything(_ text: String) async throws -> UUID {
        try await id(text, nil, "anything", nil)
    }

    private func id(
        _ text: String,
        _ kind: NamedRecord.Kind?,
        _ what: String,
        _ tenant: String?
    ) async throws -> UUID {
        if let id = UUID(text: text) { return id }
        let found = try await executions.records(
            named: text,
            in: [BatchLabel.program, BatchLabel.input],
            limit: Self.shown + 1
        )
        .filter { (kind == nil || $0.kind == kind) && (tenant == nil || $0.tenant == tenant) }
        let named = found.filter(\.isByName)
        if let newest = named.first, named.allSatisfy({ $0.tenant == newest.tenant }) {
            if named.count > 1 {
                let time = newest.submittedAt.formatted(.iso8601)
                Terminal.writeError(
                    "\(text.printable) is \(newest.id.text) of \(time), the newest of that name"
                )
            }
            return newest.id
        }
        let candidates = named.isEmpty ? found : named
        guard candidates.count != 1 else { return candidates[0].id }
        guard !candidates.isEmpty else {
            throw Failure(
                .wrongInput,
                "\"\(text.printable)\" is neither the id of \(what) that is known, nor the beginning of one, "
                    + "nor the name of a member of a batch"
            )
        }
        let examples = candidates.prefix(Self.shown).map { "\($0.id.text) (\($0.tenant))" }
        let rest = candidates.count > Self.shown ? " and more" : ""
        throw Failure(
            .wrongInput,
            "\"\(text.printable)\" may mean \(examples.joined(separator: ", "))\(rest)"
        )
    }
}

extension ArgumentHelp {
    /// Of an argument that ``DatabaseClient/execution(_:tenant:)`` reads.
    static let execution: ArgumentHelp =
        "The execution's id, its beginning, or the name of a member of a batch."
    /// Of an argument that ``DatabaseClient/batch(_:tenant:)`` reads.
    static let batch: ArgumentHelp = "The batch's id, or its beginning."
}
