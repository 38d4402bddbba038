public import Foundation
import Hashing
internal import SandmillEntity
internal import SandmillService

/// The ids of a batch and its members.
///
/// 1. A member's id follows from the tenant, the pool, its level and its canonical request: the same work has
///    the same id, whoever submits it, from wherever, beside whatever and however often. Of several members
///    that are alike each has an id of its own.
/// 2. A batch's id follows from `max_running`, from all its members, and from which of them are known already
///    and are not sent with it.
/// 3. An id that the client chose is kept. Under a batch's id that it chose, or a random one, the members' ids
///    follow from that too: such a batch has all its members to itself.
/// 4. Where another tenant has taken the batch's id, others follow in the same way.
///
/// Ids are UUIDs of version 8 (RFC 9562, section 5.8): the first 128 bits of a SHA-256, less those
/// that say so. Fields are hashed with their length before them, so no two contents run into one.
public struct BatchIdentity: Equatable, Sendable {
    /// The batch's id, where nothing of it is known.
    public var batch: UUID { batch(without: []) }
    /// The members' ids, in their order.
    public let members: [UUID]
    private let digest: [UInt8]
    private let given: UUID?

    /// Finds the ids.
    ///
    /// - Parameters:
    ///   - draft: What is to be run.
    ///   - tenant: Whose it is.
    ///   - pool: What runs it.
    ///   - maximumRunning: How many members may run at once.
    ///   - given: The batch's id if it shall not follow from the content.
    ///   - others: How many ids of this content are another tenant's.
    public init(
        of draft: BatchDraft,
        tenant: String,
        pool: String,
        maximumRunning: Int?,
        batch given: UUID? = nil,
        besides others: Int = 0
    ) {
        self.given = given
        var known: [UUID: Int] = [:]
        members = draft.members.map { member in
            if let id = member.id { return id }
            var content = FieldHash("sandmill member 2")
            content.add(tenant)
            content.add(pool)
            content.add(member.level.rawValue)
            content.add(member.canonical)
            content.add(given?.text ?? "")
            let first = UUID(digest: content.digest)
            let copy = known[first, default: 0]
            known[first] = copy + 1
            guard copy > 0 else { return first }
            content.add(String(copy))
            return UUID(digest: content.digest)
        }
        var content = FieldHash("sandmill batch 2")
        content.add(maximumRunning.map(String.init) ?? "")
        for (member, id) in zip(draft.members, members) {
            content.add(id.text)
            // An id that was chosen does not say what it is for.
            if member.id != nil {
                content.add(tenant)
                content.add(pool)
                content.add(member.level.rawValue)
                content.add(member.canonical)
            }
        }
        if others > 0 { content.add(String(others)) }
        digest = content.digest
    }

    /// The batch's id where some of its members are known and are not sent with it.
    public func batch(without known: Set<UUID>) -> UUID {
        if let given { return given }
        guard !known.isEmpty else { return UUID(digest: digest) }
        var content = FieldHash("sandmill rest of a batch 2")
        content.add(digest)
        for id in members where known.contains(id) { content.add(id.text) }
        return UUID(digest: content.digest)
    }
}

/// SHA-256 of fields, each with its length before it in eight bytes, the highest first.
private struct FieldHash {
    private var hash = SHA256()

    /// Begins with what the hash is for.
    init(_ purpose: String) {
        add(purpose)
    }

    mutating func add(_ text: String) {
        add(Array(text.utf8))
    }

    mutating func add(_ bytes: [UInt8]) {
        hash.update(
            (0..<8).map { UInt8(truncatingIfNeeded: bytes.count >> (56 - 8 * $0)) }
        )
        hash.update(bytes)
    }

    var digest: [UInt8] { hash.finalize().bytes }
}

extension UUID {
    /// A UUID of version 8 of the first 16 bytes of a hash.
    fileprivate init(digest: [UInt8]) {
        func word(_ bytes: ArraySlice<UInt8>) -> UInt64 {
            bytes.reduce(0) { $0 << 8 | UInt64($1) }
        }
        self.init(
            high: word(digest[..<8]) & 0xFFFF_FFFF_FFFF_0FFF | 0x8000,
            low: word(digest[8..<16]) & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        )
    }
}
