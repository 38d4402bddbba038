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

    @Test func idsAreThoseOfTheContentAndItsPlace() throws {
        let both = try Self.identity(Self.one, Self.two)
        #expect(both.batch.text == "ac9b2e0c-7348-8e89-92b5-53c6075b07e6")
        #expect(
            both.members.map(\.text) == [
                "bba602c4-35f8-830f-a2e9-228db288f0ca", "00000000-0000-7000-8000-000000000001",
            ]
        )
        let limited = try Self.identity(Self.one, maximumRunning: 4)
        #expect(limited.batch.text == "02c8940b-60f1-88ff-abaa-1d659a07a988")
        #expect(limited.members.map(\.text) == ["72062302-7ade-89b2-b132-b01d10fbc144"])
    }

    @Test func idOfTheBatchThatIsGivenIsKeptAndItsMembersFollow() throws {
        let given = try #require(UUID(text: "00000000-0000-7000-8000-00000000000a"))
        let identity = try Self.identity(Self.one, maximumRunning: 4, batch: given)
        #expect(identity.batch == given)
        #expect(identity.members.map(\.text) == ["630f1b0d-50dc-8c70-81c0-c6023ad19993"])
    }

    @Test func spacesAndTheOrderOfFieldsAreNoContent() throws {
        let spaced =
            "{ \"level\":\"high\", \"labels\" : {\"n\":\"2\"},\"source\":\"print(2)\","
            + "\"id\":\"00000000-0000-7000-8000-000000000001\"}"
        #expect(try Self.identity("", Self.one, spaced) == Self.identity(Self.one, Self.two))
    }

    @Test func anyChangeOfTheContentChangesAllIds() throws {
        let identities = [
            try Self.identity(Self.one, Self.one),
            try Self.identity(Self.one, Self.one, Self.one),
            try Self.identity(Self.one, Self.one, level: .low),
            try Self.identity(Self.one, Self.one, tenant: "acme"),
            try Self.identity(Self.one, Self.one, pool: "c"),
            try Self.identity(Self.one, Self.one, maximumRunning: 1),
            try Self.identity(Self.one, Self.one, batch: .random()),
            try Self.identity(Self.one, #"{"source": "print(1)", "stdin": ""}"#),
            try Self.identity(#"{"source": "print(1)", "stdin": ""}"#, Self.one),
            try Self.identity(#"{"source": "print(2)"}"#, Self.one),
        ]
        let ids = identities.flatMap { [$0.batch] + $0.members }
        #expect(Set(ids).count == ids.count)
    }

    @Test func fieldsDoNotRunIntoOneAnother() throws {
        let first = try Self.identity(Self.one, tenant: "ab", pool: "c")
        let second = try Self.identity(Self.one, tenant: "a", pool: "bc")
        #expect(first.batch != second.batch)
    }
}
