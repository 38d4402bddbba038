import Foundation
import PostgreSQL
import Testing

@Suite("Values", .serialized, .timeLimit(.minutes(5)))
struct ValueTests {
    /// Sends a value, lets the server compare it with its own spelling of it, and reads it back.
    private func expectRoundTrip<Value: PostgreSQLValue & Equatable>(
        _ value: Value,
        as literal: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let connection = try await Connection.open(try Server.configuration())
        let row = try await connection.query(
            "select $1 as value, $1 is not distinct from \(literal) as is_same",
            [value]
        )[0]
        #expect(try row["value"] == value, sourceLocation: sourceLocation)
        #expect(try row["is_same"], sourceLocation: sourceLocation)
    }

    @Test func everyScalarTypeGoesThereAndBack() async throws {
        let id = UUID()
        try await expectRoundTrip(true, as: "true")
        try await expectRoundTrip(Int32.min, as: "'-2147483648'::int4")
        try await expectRoundTrip(Int64.max, as: "9223372036854775807")
        try await expectRoundTrip(-7, as: "-7::int8")
        try await expectRoundTrip(0.1, as: "0.1::float8")
        try await expectRoundTrip(Double.infinity, as: "'infinity'::float8")
        try await expectRoundTrip(id, as: "'\(id)'::uuid")
        try await expectRoundTrip(Data([0, 1, 255, 39, 92]), as: #"'\x0001ff275c'::bytea"#)
        try await expectRoundTrip(Data(), as: "''::bytea")
        try await expectRoundTrip(JSON(#"{"a": [1, null]}"#), as: #"'{"a":[1,null]}'::jsonb"#)
    }

    @Test func textKeepsQuotesBackslashesAndUnicode() async throws {
        try await expectRoundTrip("", as: "''::text")
        try await expectRoundTrip(
            #"it's "quoted" \ {braced}, $1"#,
            as: #"'it''s "quoted" \ {braced}, $1'::text"#
        )
        try await expectRoundTrip("naïve 🦆 \u{10FFFF}\r\n\t", as: #"E'naïve 🦆 \U0010FFFF\r\n\t'"#)
    }

    @Test func timestampsAreExactToTheMicrosecond() async throws {
        let connection = try await Connection.open(try Server.configuration())
        for spelling in [
            "2026-11-23 12:34:56.789012+00", "1970-01-01 00:00:00.000001+00",
            "2000-01-01 00:00:00+00", "1999-12-31 23:59:59.999999+00",
            "2249-06-07 08:09:10.111213+00",
        ] {
            let row = try await connection.query("select '\(spelling)'::timestamptz as time")[0]
            let time: Date = try row["time"]
            try await expectRoundTrip(time, as: "'\(spelling)'::timestamptz")
        }
        let epoch = Date(timeIntervalSince1970: 0)
        try await expectRoundTrip(epoch, as: "'1970-01-01 00:00:00+00'::timestamptz")
    }

    @Test func nullIsAnOptionalWithoutValue() async throws {
        try await expectRoundTrip(String?.none, as: "null")
        try await expectRoundTrip(UUID?.none, as: "null::uuid")
        try await expectRoundTrip([Int]?.none, as: "null::int8[]")
        try await expectRoundTrip(Int?.some(1), as: "1::int8")
    }

    @Test func arraysOfEveryTypeGoThereAndBack() async throws {
        let id = UUID()
        try await expectRoundTrip([true, false], as: "'{t,f}'::bool[]")
        try await expectRoundTrip([Int32(1), nil, 3], as: "'{1,NULL,3}'::int4[]")
        try await expectRoundTrip([1, 2], as: "'{1,2}'::int8[]")
        try await expectRoundTrip([0.5, nil], as: "'{0.5,NULL}'::float8[]")
        try await expectRoundTrip(
            ["", "NULL", nil, #"a"b\c,{}"#, "🦆"],
            as: #"array['', 'NULL', null, 'a"b\c,{}', '🦆']::text[]"#
        )
        try await expectRoundTrip([id, nil], as: "array['\(id)', null]::uuid[]")
        try await expectRoundTrip([Data([1]), nil], as: #"array['\x01', null]::bytea[]"#)
        try await expectRoundTrip(
            [Date(timeIntervalSince1970: 1), nil],
            as: "array['1970-01-01 00:00:01Z', null]::timestamptz[]"
        )
        try await expectRoundTrip([JSON("{}"), nil], as: "array['{}', null]::jsonb[]")
        try await expectRoundTrip([String](), as: "'{}'::text[]")
        try await expectRoundTrip([UUID?.none], as: "'{NULL}'::uuid[]")
    }

    @Test func columnsOfOneBatchBecomeRows() async throws {
        let connection = try await Connection.open(try Server.configuration())
        let ids = (0..<256).map { _ in UUID() }
        let names = (0..<256).map { $0 % 3 == 0 ? nil : "name \($0)" }
        let rows = try await connection.query(
            """
            select id, name from unnest($1::uuid[], $2::text[]) with ordinality as t(id, name, n)
            order by n
            """,
            [ids, names]
        )
        #expect(rows.affectedCount == 256)
        #expect(try rows.map { try $0["id"] } == ids)
        #expect(try rows.map { try $0["name"] } == names)
    }

    @Test func narrowerNumbersAndOtherTextAreWidened() async throws {
        let connection = try await Connection.open(try Server.configuration())
        let row = try await connection.query(
            """
            select 1::int2 as small, 2::int4 as medium, 0.5::float4 as real,
                   'v'::varchar as varied, 'n'::name as name, '{"a": 1}'::json as json,
                   array['a','b']::varchar[] as list
            """
        )[0]
        #expect(try row["small"] == 1)
        #expect(try row["medium"] == Int64(2))
        #expect(try row["real"] == 0.5)
        #expect(try row["varied"] == "v")
        #expect(try row["name"] == "n")
        #expect(try row["json"] == JSON(#"{"a": 1}"#))
        #expect(try row["list"] == ["a", "b"])
        #expect(try row[1] == 2)
    }

    @Test func aMismatchIsAnErrorThatNamesTheColumn() async throws {
        let connection = try await Connection.open(try Server.configuration())
        let row = try await connection.query(
            """
            select 1::int8 as wide, null::text as missing, array[[1,2],[3,4]]::int8[] as square,
                   'infinity'::timestamptz as never
            """
        )[0]
        for error in [
            try await failure { try row["wide", as: Int32.self] },
            try await failure { try row["wide", as: [Int].self] },
            try await failure { try row["wide", as: Bool?.self] },
            try await failure { try row["missing", as: String.self] },
            try await failure { try row["square", as: [Int].self] },
            try await failure { try row["never", as: Date.self] },
            try await failure { try row["absent", as: Int.self] },
            try await failure { try row[9, as: Int.self] },
        ] {
            #expect(error.code == .unexpectedResult)
            #expect(error.message.contains("column"))
            #expect(!error.isRetryable)
        }
        let error = try await failure { try row["missing", as: String.self] }
        #expect(error.message == "column missing: it is NULL")
    }

    @Test func textWithNulIsRefusedAsTheServerWould() async throws {
        let connection = try await Connection.open(try Server.configuration())
        let refusals = [
            try await failure { try await connection.query("select $1", ["a\0b"]) },
            try await failure { try await connection.query("select $1", [["a", "\0"]]) },
            try await failure { try await connection.query("select $1", [JSON("\"\0\"")]) },
        ]
        for error in refusals {
            #expect(error.sqlState == .characterNotInRepertoire)
            #expect(error.isDataError)
            #expect(!error.isConnectionLost)
        }
        let escaped = try await failure {
            try await connection.query("select $1", [JSON(#""\u0000""#)])
        }
        #expect(escaped.sqlState == SQLState(rawValue: "22P05"))
        #expect(escaped.isDataError)
        #expect(try await connection.query("select 1")[0][0] == Int32(1))
    }

    @Test func aDateOutsideTheServersRangeIsRefused() async throws {
        let connection = try await Connection.open(try Server.configuration())
        for date in [
            Date.distantFuture.addingTimeInterval(1e15), Date(timeIntervalSince1970: .nan),
        ] {
            let error = try await failure { try await connection.query("select $1", [date]) }
            #expect(error.sqlState == .datetimeFieldOverflow)
            #expect(error.isDataError)
        }
    }
}
