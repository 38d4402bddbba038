public import Foundation
import Hashing
internal import SandmillEntity
internal import SandmillService

/// The ids of a batch and its members.
///
/// 1. They follow from the tenant, the pool, `max_running`, and of each member the level, the id it
///    may have, and the canonical request: the same work has the same ids, whoever submits it, from
///    wherever and however often, and any change of it has others.
/// 2. A member belongs to one batch, so its id follows from the batch's id, from the whole content
///    and from its place. When one program of a directory changes, all members have new ids.
/// 3. An id that the client chose is kept.
/// 4. Where another tenant has taken the id, others follow from the content in the same way.
///
/// Ids are UUIDs of version 8 (RFC 9562, section 5.8): the first 128 bits of a SHA-256, less those
/// that say so. Fields are hashed with their length before them, so no two contents run into one.
public struct BatchIdentity: Equatable, Sendable {
    /// The batch's id.
    public let batch: UUID
    /// The members' ids, in their order.
    public let members: [UUID]

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
        var content = FieldHash("sandmill batch 1")
        content.add(tenant)
        content.add(pool)
        content.add(maximumRunning.map(String.init) ?? "")
        for member in draft.members {
            content.add(member.level.rawValue)
            content.add(member.id?.text ?? "")
            content.add(member.canonical)
        }
        if others > 0 { content.add(String(others)) }
        let digest = content.digest
        let batch = given ?? UUID(digest: digest)
        self.batch = batch
        members = draft.members.enumerated().map { index, member in
            if let id = member.id { return id }
            var place = FieldHash("sandmill member 1")
            place.add(batch.text)
            place.add(digest)
            place.add(String(index))
            return UUID(digest: place.digest)
        }
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
