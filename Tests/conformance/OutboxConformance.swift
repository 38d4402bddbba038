import FoundationEssentials
import SandmillEntity
import SandmillService
import Testing

extension Conformance<Stores> {
    /// What every `Outbox` has to do.
    public static let ofOutboxes: [Conformance] = [
        Conformance("the oldest are leased first, and nobody else has them then") { stores in
            let claims = try await stores.failed(3)
            let rows = try await stores.lease(by: "w1", limit: 2)
            #expect(rows.map(\.message.body) == claims.prefix(2).map(\.request.body))
            #expect(
                try await stores.lease(by: "w2").map(\.message.body) == [claims[2].request.body]
            )
            #expect(try await stores.lease(by: "w3").isEmpty)
        },
        Conformance("what is removed is gone") { stores in
            _ = try await stores.failed(1)
            let rows = try await stores.lease()
            try await stores.outbox.remove(rows.map(\.id))
            #expect(rows.count == 1)
            try await stores.outbox.release(rows.map(\.id), by: "w1")
            #expect(try await stores.outbox.postpone(rows.map(\.id), by: "w1").isEmpty)
        },
        Conformance("only what is the worker's can be given back") { stores in
            _ = try await stores.failed(1)
            let ids = try await stores.lease(by: "w1").map(\.id)
            #expect(try await stores.outbox.postpone(ids, by: "w2").isEmpty)
            #expect(try await stores.outbox.postpone(ids, by: "w1") == [ids[0]: 1])
            #expect(try await stores.outbox.postpone(ids, by: "w1").isEmpty)
        },
        Conformance("a request that can never be published waits in the store") { stores in
            let claim = try await stores.failed(1)[0]
            let row = try #require(await stores.lease().first)
            try await stores.outbox.setAside([(row: row, reason: "no")])
            #expect(try await stores.take(9).map(\.request) == [claim.request])
            let letters = try await stores.letters.list(DeadLetterFilter(), below: nil, limit: 9)
            #expect(letters.isEmpty)
        },
        Conformance("an event that can never be published is a dead letter, once") { stores in
            let claim = Claim.sample()
            try await stores.grant(claim)
            let row = try #require(await stores.executions.finish([.sample(claim)]).first)
            for _ in 0..<2 {
                try await stores.outbox.setAside([(row: row, reason: "no such place")])
            }
            let letters = try await stores.letters.list(DeadLetterFilter(), below: nil, limit: 9)
            #expect(letters.map(\.errorType) == ["unpublishable"])
            #expect(letters.map { $0.reason.contains("no such place") } == [true])
            let kept = try #require(await stores.letters.letter(letters[0].id))
            #expect(kept.letter.body == row.message.body)
        },
    ]
}

extension Stores {
    /// Executions whose attempt has failed, in the order in which it has.
    fileprivate func failed(_ count: Int) async throws -> [Claim] {
        var claims: [Claim] = []
        for index in 0..<count {
            let claim = Claim.sample(worker: "w1", body: #"{"source": "\#(index)"}"#)
            try await grant(claim)
            try await executions.retry([.sample(claim)])
            claims.append(claim)
        }
        return claims
    }
}
