import FoundationEssentials
import Hashing
import SandmillEntity
import SandmillService

extension InMemoryStore: DeadLetterStore {
    /// What is kept, oldest first.
    var letters: [DeadLetter] { keptLetters.map(\.letter) }

    func keep(_ refused: [DeadLetter]) async throws(StoreError) {
        try takeFailure()
        try await passKeeping()
        for letter in refused {
            var letter = letter
            letter.sha256 = letter.sha256 ?? SHA256.hash(letter.body).hexadecimal
            let id = (keptLetters.last?.id ?? 0) + 1
            keptLetters.append(StoredDeadLetter(id: id, keptAt: now, letter: letter))
            note(.kept(letter.errorType))
            for message in letter.announcement(number: id, at: now, cluster: "test") {
                enqueue(message, due: now)
            }
        }
    }

    func list(
        _ filter: DeadLetterFilter,
        below id: Int64?,
        limit: Int
    ) async throws(StoreError) -> [DeadLetterSummary] {
        let now = now
        return keptLetters.reversed()
            .filter { $0.id < id ?? .max && filter.matches($0, at: now) }
            .prefix(limit)
            .map { DeadLetterSummary($0) }
    }

    func count(_ filter: DeadLetterFilter) async throws(StoreError) -> Int {
        keptLetters.count { filter.matches($0, at: now) }
    }

    func letter(_ id: Int64) async throws(StoreError) -> StoredDeadLetter? {
        keptLetters.first { $0.id == id }
    }

    func requeue(
        _ ids: [Int64],
        as revision: Revision
    ) async throws(StoreError) -> [RequeueOutcome] {
        ids.map { id in
            guard let kept = keptLetters.first(where: { $0.id == id }) else { return .unknown }
            let outcome = revision.outcome(of: DeadLetterSummary(kept))
            if outcome == .requeued {
                keptLetters.removeAll { $0.id == id }
                enqueue(OutboundMessage(kept.letter, revision), due: now)
            }
            return outcome
        }
    }

    func purge(_ ids: [Int64]) async throws(StoreError) -> [Int64] {
        let known = keptLetters.map(\.id).filter(ids.contains)
        keptLetters.removeAll { ids.contains($0.id) }
        return known
    }
}

extension DeadLetterFilter {
    fileprivate func matches(_ kept: StoredDeadLetter, at now: Date) -> Bool {
        let summary = DeadLetterSummary(kept)
        let age = now.timeIntervalSince(kept.keptAt)
        let words = summary.routingKey?.split(separator: ".").dropLast()
        return ids?.contains(kept.id) ?? true
            && (errorTypes.isEmpty || errorTypes.contains(summary.errorType))
            && reason.map { summary.reason.contains($0) } ?? true
            && (pools.isEmpty || words.map { pools.contains($0.joined(separator: ".")) } ?? false)
            && (tenants.isEmpty || tenants.contains(summary.tenant))
            && since.map { kept.keptAt >= $0 } ?? true
            && until.map { kept.keptAt < $0 } ?? true
            && olderThan.map { age > $0 / .seconds(1) } ?? true
            && newerThan.map { age <= $0 / .seconds(1) } ?? true
            && batch.map { kept.letter.names($0.text) } ?? true
            && message.map { $0.text == summary.messageID?.lowercased() } ?? true
    }
}

extension DeadLetter {
    fileprivate func names(_ batch: String) -> Bool {
        properties.messageID?.lowercased() == batch || reason.contains(batch)
            || String(decoding: body, as: UTF8.self).contains(batch)
    }
}

extension DeadLetterSummary {
    fileprivate init(_ kept: StoredDeadLetter) {
        let letter = kept.letter
        self.init(
            id: kept.id,
            keptAt: kept.keptAt,
            errorType: letter.errorType,
            reason: letter.reason,
            queue: letter.queue,
            routingKey: letter.routingKey,
            tenant: letter.properties.headers["tenant"] ?? "default",
            messageID: letter.properties.messageID,
            bodySize: letter.bodySize,
            isComplete: letter.isComplete
        )
    }
}

extension OutboundMessage {
    fileprivate init(_ letter: DeadLetter, _ revision: Revision) {
        var properties = letter.properties
        if let id = revision.identified(for: letter).messageID {
            properties.correlationID = properties.correlationID ?? properties.messageID
            properties.messageID = id.text
        }
        if revision.isTrusted { properties.userID = nil }
        if revision.body != nil { properties.contentEncoding = nil }
        properties.headers = properties.headers.filter {
            MessageProperties.meaningfulHeaders.contains($0.key)
        }
        self.init(
            exchange: letter.exchange,
            routingKey: revision.routingKey ?? letter.routingKey ?? "",
            properties: properties,
            body: revision.body ?? letter.body
        )
    }
}
