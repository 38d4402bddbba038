import Foundation
import Testing

extension SystemTests {
    /// Nothing is dropped: what is no request is kept, with a reason that names the field.
    @Suite(
        .installation(["SANDMILL_BROKER_MAXIMUM_BODY": "64KiB"]),
        .timeLimit(.minutes(5))
    )
    struct RefusedRequestTests {
        /// A message, and what must be said of it.
        struct Case: Sendable, CustomTestStringConvertible {
            let testDescription: String
            var body = #"{"source": "print(1)"}"#
            /// Properties that are other than a request's.
            var properties: [String: JSON] = [:]
            var errorType = "invalid_request"
            /// What the reason names.
            let named: String

            static func limit(_ name: String, _ value: String) -> Case {
                Case(
                    testDescription: "limit \(name) of \(value)",
                    body: #"{"source": "print(1)", "limits": {"\#(name)": \#(value)}}"#,
                    named: "/limits/\(name)"
                )
            }
        }

        private static let cases = [
            Case(testDescription: "not JSON", body: "print(1)", named: "the body"),
            Case(testDescription: "empty", body: "", named: "the body"),
            Case(testDescription: "JSON of another kind", body: "[1]", named: "the body"),
            Case(
                testDescription: "content type",
                properties: ["content_type": "text/plain"],
                named: "content type"
            ),
            Case(
                testDescription: "no message_id",
                properties: ["message_id": .null],
                named: "message_id"
            ),
            Case(
                testDescription: "message_id that is no UUID",
                properties: ["message_id": "17"],
                named: "message_id"
            ),
            Case(
                testDescription: "tenant",
                properties: ["headers": ["tenant": "a/b"]],
                named: "tenant"
            ),
            Case(
                testDescription: "unknown field",
                body: #"{"source": "print(1)", "sauce": 1}"#,
                named: "/sauce"
            ),
            Case(testDescription: "no program", body: "{}", named: "/source"),
            Case(testDescription: "wrong type", body: #"{"source": 1}"#, named: "/source"),
            .limit("wall_seconds", "0"),
            .limit("wall_seconds", "-1"),
            .limit("wall_seconds", #""5""#),
            .limit("wall_seconds", "1e9"),
            .limit("memory_bytes", "0"),
            .limit("memory_bytes", "-1"),
            .limit("memory_bytes", "1.5"),
            .limit("memory_bytes", "99999999999999999999"),
            .limit("processes", "129"),
            Case(
                testDescription: "path that leaves the directory",
                body: #"{"source": "", "files": [{"path": "a"}, {"path": "../x", "text": ""}]}"#,
                named: "/files/0"
            ),
            Case(
                testDescription: "path with ..",
                body: #"{"source": "", "files": [{"path": "../x", "text": ""}]}"#,
                named: "/files/0/path"
            ),
            Case(
                testDescription: "absolute path",
                body: #"{"source": "", "files": [{"path": "/etc/x", "text": ""}]}"#,
                named: "/files/0/path"
            ),
            Case(
                testDescription: "duplicate path",
                body: #"{"source": "", "files": [{"path": "main.py", "text": ""}]}"#,
                named: "/files/0/path"
            ),
            Case(
                testDescription: "batch size",
                body: #"{"source": "", "batch": {"id": "\#(UUID())", "size": 0}}"#,
                named: "/batch/size"
            ),
            Case(
                testDescription: "time",
                body: #"{"source": "", "deadline": "tomorrow"}"#,
                named: "/deadline"
            ),
            Case(
                testDescription: "200 levels deep",
                body: String(repeating: "[", count: 200) + String(repeating: "]", count: 200),
                errorType: "too_large",
                named: "the body"
            ),
            Case(
                testDescription: "body above broker.maximum_body",
                body: #"{"source": "\#(String(repeating: "#", count: 65_536))"}"#,
                errorType: "too_large",
                named: "the body"
            ),
        ]

        @Test(arguments: cases)
        func refusedMessageIsKeptWithAReasonAndTheNextOneRuns(_ test: Case) async throws {
            let installation = try Installation.current
            try await installation.query("delete from dead_letters")
            let properties: [String: JSON] = [
                "content_type": "application/json", "message_id": .string("\(UUID())"),
            ]
            try await installation.publish(
                test.body,
                properties: properties.merging(test.properties) { $1 }
            )
            let innocent = try await installation.result(of: "print('fine')")
            #expect(innocent["state"] == "succeeded")

            try await eventually(within: .seconds(30), "there is a dead letter") {
                try await !installation.query("select 1 from dead_letters").isEmpty
            }
            let letters = try await installation.query(
                """
                select error_type, reason, queue, body_bytes,
                    starts_with(%s::text, convert_from(body, 'UTF8')) as is_body
                from dead_letters
                """,
                .string(test.body)
            )
            let letter = try #require(letters.first)
            #expect(letters.count == 1)
            #expect(letter["error_type"] == .string(test.errorType))
            #expect(letter["reason"].string?.contains(test.named) == true, "\(letter["reason"])")
            #expect(letter["queue"] == .string("\(installation.name).work.python.normal"))
            #expect(letter["body_bytes"] == .number(Double(test.body.utf8.count)))
            #expect(letter["is_body"] == true)
        }

        @Test func requestThatNoQueueTakesIsKept() async throws {
            let installation = try Installation.current
            try await installation.publish(
                #"{"source": "print(1)"}"#,
                level: "urgent",
                properties: ["message_id": .string("\(UUID())")]
            )
            try await eventually(within: .seconds(30), "there is a dead letter") {
                try await !installation.query(
                    """
                    select 1 from dead_letters where error_type = 'unroutable'
                        and reason like '%%python.urgent%%'
                    """
                ).isEmpty
            }
        }
    }
}
