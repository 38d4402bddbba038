public import Foundation
internal import SandmillEntity

/// What is known of how the members of a batch ended.
///
/// 1. A member ends once: what is told again changes nothing.
/// 2. A member that was refused and then mended has ended, and is refused no more.
/// 3. It is complete when as many have ended or are refused as the batch has members.
public struct BatchProgress: Sendable {
    /// How many members it has; nil until somebody says.
    public var size: Int?
    /// The rows of the members that have ended.
    public private(set) var ended: [UUID: MemberRow] = [:]
    /// Why members are dead letters, by their ids.
    public private(set) var refusals: [UUID: String] = [:]
    /// How many were refused by the batch's own count, which does not say which.
    public private(set) var refusedCount = 0

    private var failed = 0

    /// Begins with a batch of so many members.
    public init(size: Int? = nil) {
        self.size = size
    }

    /// How many of its members nobody waits for any more.
    public var finished: Int { ended.count + refused }

    /// How many did not succeed, refused ones among them.
    public var unsuccessful: Int { failed + refused }

    /// How many are refused.
    public var refused: Int { max(refusals.keys.count { ended[$0] == nil }, refusedCount) }

    /// Whether there is nothing more to wait for.
    public var isComplete: Bool { size.map { finished >= $0 } ?? false }

    /// Whether every member succeeded.
    public var succeeded: Bool { isComplete && unsuccessful == 0 }

    /// Takes an end; returns whether it is news.
    public mutating func end(_ event: FinishedEvent) -> Bool {
        let id = event.result.id
        guard ended.updateValue(MemberRow(event.result), forKey: id) == nil else { return false }
        if !event.succeeded { failed += 1 }
        // The count was made before it was mended.
        if refusals[id] != nil { refusedCount = max(refusedCount - 1, 0) }
        return true
    }

    /// Takes that a member is a dead letter.
    public mutating func refuse(_ id: UUID, _ reason: String) {
        refusals[id] = reason
    }

    /// Takes the batch's own count of refused members, which falls when one is mended.
    public mutating func refuse(count: Int) {
        refusedCount = count
    }

    /// A row for each member, in order: those that ended, those that are refused, and of the `members`
    /// that are known by their ids and labels those of which neither is known.
    public func rows(of members: [UUID: [String: String]] = [:]) -> [MemberRow] {
        var rows = Array(ended.values)
        for (id, reason) in refusals where ended[id] == nil {
            rows.append(MemberRow(id: id, labels: members[id] ?? [:], verdict: .refused(reason)))
        }
        for (id, labels) in members where ended[id] == nil && refusals[id] == nil {
            rows.append(MemberRow(id: id, labels: labels, verdict: .pending))
        }
        return rows.inOrder
    }
}
