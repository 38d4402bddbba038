import HTTPTypes
import Testing

@testable import SandmillAPI

@Suite struct FairLimitTests {
    @Test func aCallerAloneMayHaveAllAndNoMore() throws {
        let limit = FairLimit(2, of: "visitors")
        let shares = (1...3).map { _ in limit.share(of: "one") }
        try shares[0].take()
        try shares[1].take()
        let problem = #expect(throws: Problem.self) { try shares[2].take() }
        #expect(problem?.kind == .overloaded)
        #expect(problem?.headers[.retryAfter] == "1")
        #expect(limit.taken == 2)
        withExtendedLifetime(shares) {}
    }

    @Test func aShareComesBackOnceNobodyHoldsIt() throws {
        let limit = FairLimit(1_024, of: "bytes")
        for _ in 0..<3 { try limit.share(of: "one").take(1_000) }
        #expect(limit.taken == 0)
    }

    @Test func whoHasLessGetsTheOldestOfWhoHasMost() async throws {
        let limit = FairLimit(4, of: "visitors")
        let many = (1...4).map { _ in limit.share(of: "many") }
        for share in many { try share.take() }
        let few = (1...3).map { _ in limit.share(of: "few") }
        try few[0].take()
        try few[1].take()
        // Both have the same now, and nobody anything more.
        #expect(throws: Problem.self) { try few[2].take() }
        #expect(limit.taken == 4)
        for share in many[..<2] {
            for await _ in share.revocation {}
            #expect(throws: Problem.self) { try share.take(0) }
        }
        for share in many[2...] { try share.take(0) }
        withExtendedLifetime((many, few)) {}
    }

    @Test func whatIsRevokedComesBackOnce() throws {
        let limit = FairLimit(10, of: "bytes")
        do {
            let big = limit.share(of: "many")
            try big.take(9)
            let small = limit.share(of: "few")
            try small.take(4)
            #expect(limit.taken == 4)
            withExtendedLifetime((big, small)) {}
        }
        #expect(limit.taken == 0)
    }

    @Test func whatIsKeptIsNotRevoked() throws {
        let limit = FairLimit(2, of: "visitors")
        let kept = limit.share(of: "many")
        try kept.take(2)
        kept.keep()
        let other = limit.share(of: "few")
        #expect(throws: Problem.self) { try other.take() }
        try kept.take(0)
        withExtendedLifetime(kept) {}
    }

    @Test func nobodyOfManyIsShutOut() throws {
        let limit = FairLimit(100, of: "visitors")
        let hog = (1...100).map { _ in limit.share(of: "hog") }
        for share in hog { try share.take() }
        let others = (1...9).flatMap { caller in
            (1...10).map { _ in limit.share(of: "caller \(caller)") }
        }
        for share in others { try share.take() }
        #expect(limit.taken == 100)
        withExtendedLifetime((hog, others)) {}
    }

    @Test func aTaskEndsWithAnyOfItsReasons() async throws {
        let (reason, end) = AsyncStream<Never>.makeStream()
        let (other, otherEnd) = AsyncStream<Never>.makeStream()
        end.finish()
        let isCancelled = try await cancelled(by: [other, reason]) {
            try? await Task.sleep(for: .seconds(3_600))
            return Task.isCancelled
        }
        #expect(isCancelled)
        #expect(try await cancelled(by: [other]) { 7 } == 7)
        otherEnd.finish()
    }
}
