import Foundation
import SandmillEntity
import SandmillService
import Testing

@testable import SandmillClient

/// The vectors are of another implementation, Python's hashlib, by the rules above the type.
@Suite struct BatchIdentityTests {
    private static let one = #"{"source": "print(1)"}"#
    private static let two =
        #"{"id": "00000000-0000-7000-8000-000000000001", "level": "high", "source": "print(2)", "#
        + #""labels": {"n": "2"}}"#

    private static func identity(
        _ lines: String...,
        level: Level = .normal,
        tenant: String = "default",
        pool: String = "python",
        maximumRunning: Int? = nil,
        batch: UUID? = nil
    ) throws -> BatchIdentity {
        let text = lines.joined(separator: "\n")
        return BatchIdentity(
            of: try BatchDraft(ndjson: Array(text.utf8), level: level),
            tenant: tenant,
            pool: pool,
            maximumRunning: maximumRunning,
            batch: batch
        )
    }

    @Test func idsAreThoseOfTheContent() throws {
        let both = try Self.identity(Self.one, Self.two)
        #expect(both.batch.text == "67b974a5-b706-83aa-9128-be9c12bb5d00")
        #expect(
            both.members.map(\.text) == [
                "6b17c228-1b38-8247-9ece-346ee948a601", "00000000-0000-7000-8000-000000000001",
            ]
        )
        let limited = try Self.identity(Self.one, maximumRunning: 4)
        #expect(limited.batch.text == "90767e49-f951-80a3-8a51-8722bfbc59ef")
        #expect(limited.members == [both.members[0]])
        let rest = both.batch(without: [both.members[0]])
        #expect(rest.text == "9c76d73e-f26a-8cbc-b65d-4d5ae4a81224")
    }

    @Test func aMemberKeepsItsIdBesideOthersAndCopiesOfItHaveTheirOwn() throws {
        let first = try Self.identity(Self.one).members[0]
        let other = #"{"source": "print(2)"}"#
        #expect(try Self.identity(other, Self.one).members[1] == first)
        let copies = try Self.identity(Self.one, Self.one, other).members
        #expect(copies[0] == first)
        #expect(copies[1].text == "480ae3f7-bf7f-88b5-839a-048d85c0e4b5")
        #expect(Set(copies).count == 3)
    }

    @Test func idOfTheBatchThatIsGivenIsKeptAndItsMembersFollow() throws {
        let given = try #require(UUID(text: "00000000-0000-7000-8000-00000000000a"))
        let identity = try Self.identity(Self.one, maximumRunning: 4, batch: given)
        #expect(identity.batch == given)
        #expect(identity.batch(without: Set(identity.members)) == given)
        #expect(identity.members.map(\.text) == ["1703b9a0-9697-84d4-82b4-a05b7604800e"])
    }

    @Test func spacesAndTheOrderOfFieldsAreNoContent() throws {
        let spaced =
            "{ \"level\":\"high\", \"labels\" : {\"n\":\"2\"},\"source\":\"print(2)\","
            + "\"id\":\"00000000-0000-7000-8000-000000000001\"}"
        #expect(try Self.identity("", Self.one, spaced) == Self.identity(Self.one, Self.two))
    }

    @Test func anyChangeOfTheContentIsAnotherBatch() throws {
        let other = #"{"source": "print(1)", "stdin": ""}"#
        let identities = [
            try Self.identity(Self.one, Self.one),
            try Self.identity(Self.one, Self.one, Self.one),
            try Self.identity(Self.one, Self.one, level: .low),
            try Self.identity(Self.one, Self.one, tenant: "acme"),
            try Self.identity(Self.one, Self.one, pool: "c"),
            try Self.identity(Self.one, Self.one, maximumRunning: 1),
            try Self.identity(Self.one, Self.one, batch: .random()),
            try Self.identity(Self.one, other),
            try Self.identity(other, Self.one),
            try Self.identity(#"{"source": "print(2)"}"#, Self.one),
        ]
        #expect(Set(identities.map(\.batch)).count == identities.count)
        // Nobody else's member, and no other program, has an id of it.
        let strangers = [2, 3, 4, 6].flatMap { identities[$0].members }
        #expect(Set(strangers).count == 8)
        #expect(Set(strangers).isDisjoint(with: identities[0].members))
    }

    @Test func fieldsDoNotRunIntoOneAnother() throws {
        let first = try Self.identity(Self.one, tenant: "ab", pool: "c")
        let second = try Self.identity(Self.one, tenant: "a", pool: "bc")
        #expect(first.batch != second.batch)
    }
}
