import FoundationEssentials
import SandmillEntity
import SandmillService
import TestSupport
import Testing

@Suite("SubmissionDecoder")
struct SubmissionDecoderTests {
    @Test func theSmallestRequestGetsThePoolsDefaults() throws {
        let submission = try decode("{\"source\": \"print(1)\"}")
        #expect(submission.pool == "python")
        #expect(submission.tenant == "default")
        #expect(submission.level == .high)
        #expect(submission.program.runtime == .python)
        #expect(submission.program.entrypoint == "main.py")
        #expect(submission.program.limits == .sample)
        #expect(
            submission.program.files == [
                Program.InputFile(path: "main.py", content: Array("print(1)".utf8))
            ]
        )
    }

    @Test func aRequestMayNameAFurtherRuntimeOfItsPool() throws {
        let pool = SubmissionDecoder.Pool(
            name: "p",
            runtimes: [.python, .sh, .c],
            limits: LimitPolicy(defaults: .sample, maxima: .sample, killsOnExcessOutput: false)
        )
        func decode(_ body: String) throws -> Program {
            let properties = MessageProperties(messageID: UUID().uuidString)
            return try SubmissionDecoder(pool: pool).decode(
                RequestMessage(properties: properties, body: Array(body.utf8)),
                level: .normal
            ).program
        }
        #expect(try decode(#"{"source": ""}"#).entrypoint == "main.py")
        #expect(try decode(#"{"source": "", "runtime": "sh"}"#).entrypoint == "main.sh")
        let program = try decode(
            #"{"runtime": "c", "entrypoint": "a.c", "files": [{"path": "a.c", "text": ""}]}"#
        )
        #expect(program.runtime == .c)
        let refusal = #expect(throws: RequestRefusal.self) {
            try decode(#"{"source": "", "runtime": "node"}"#)
        }
        #expect(refusal?.pointer == "/runtime")
        #expect(refusal?.reason.contains("python, sh, c") == true)
    }

    @Test func aRequestIsKeptForNoLongerThanItsPoolAllows() throws {
        func decode(_ time: String, upTo maximum: Retention) throws -> Retention? {
            let pool = SubmissionDecoder.Pool(
                name: "p",
                runtimes: [.python],
                limits: LimitPolicy(defaults: .sample, maxima: .sample, killsOnExcessOutput: false),
                maximumRetention: maximum
            )
            let body = "{\"source\": \"\", \"retain\": \(time)}"
            let properties = MessageProperties(messageID: UUID().uuidString)
            return try SubmissionDecoder(pool: pool).decode(
                RequestMessage(properties: properties, body: Array(body.utf8)),
                level: .normal
            ).retention
        }
        #expect(try decode("null", upTo: .days(2)) == nil)
        #expect(try decode("\"48h\"", upTo: .days(2)) == .days(2))
        #expect(try decode("\"forever\"", upTo: .forever) == .forever)
        for time in ["\"172801s\"", "\"forever\"", "\"999999999d\""] {
            let refusal = #expect(throws: RequestRefusal.self) {
                try decode(time, upTo: .days(2))
            }
            #expect(refusal?.pointer == "/retain")
            #expect(refusal?.reason.contains("2d") == true)
        }
    }

    @Test func everyFieldIsRead() throws {
        let submission = try decode(
            """
            {"runtime": "python", "entrypoint": "src/run.py",
             "files": [{"path": "src/run.py", "text": "é"}, {"path": "b", "base64": "AP8="}],
             "args": ["--fast", "-"], "env": {"MODE": "x=y"}, "stdin_base64": "AA==",
             "outputs": ["*.csv", "plots/**"],
             "batch": {"id": "0e8f2c64-0000-7000-8000-000000000001", "size": 40},
             "not_before": "2026-11-23T17:00:00Z", "deadline": "2026-11-23T19:00:00.5+01:00",
             "labels": {"student": "s-17"}, "retry": {"max": 2, "on": ["timed_out", "failed"]},
             "supersedes": "A1A2A3A4-0000-4000-8000-000000000001"}
            """
        )
        let program = submission.program
        #expect(program.files.map(\.content) == [Array("é".utf8), [0, 0xFF]])
        #expect(program.entrypoint == "src/run.py")
        #expect(program.arguments == ["--fast", "-"])
        #expect(program.environment == ["MODE": "x=y"])
        #expect(program.stdin == [0])
        #expect(program.outputs == ["*.csv", "plots/**"])
        #expect(submission.batch?.size == 40)
        #expect(submission.notBefore == Date(timeIntervalSince1970: 1_795_453_200))
        #expect(submission.deadline == Date(timeIntervalSince1970: 1_795_456_800.5))
        #expect(submission.labels == ["student": "s-17"])
        #expect(submission.retry == RetryPolicy(limit: 2, states: [.timedOut, .failed]))
        #expect(submission.supersedes?.text == "a1a2a3a4-0000-4000-8000-000000000001")
    }

    @Test func everyLimitIsRead() throws {
        let limits = try decode(
            """
            {"source": "", "limits": {"wall_seconds": 0.25, "cpu_seconds": 30,
             "memory_bytes": 536870912, "processes": 1, "stdout_bytes": 2, "stderr_bytes": 3,
             "output_bytes": 4, "output_files": 5}}
            """
        ).program.limits
        let expected = Limits(
            wall: .milliseconds(250),
            cpu: .seconds(30),
            memory: .mebibytes(512),
            processes: 1,
            stdout: ByteCount(2 as Int64),
            stderr: ByteCount(3 as Int64),
            output: ByteCount(4 as Int64),
            outputFiles: 5
        )
        #expect(limits == expected)
    }

    @Test func aTinyTimeLimitIsAMillisecond() throws {
        let limits = try decode("{\"source\": \"\", \"limits\": {\"wall_seconds\": 1e-300}}")
        #expect(limits.program.limits.wall == .milliseconds(1))
    }

    @Test func textIsPlainBytesWhateverItHolds() throws {
        let submission = try decode(
            """
            {"source": "", "args": ["$(id)", "\\n\\r", "'", "--"], "labels": {"a/b": "\\r\\nX: y"},
             "files": [{"path": "-rf $(id)\\n\\"", "text": ""}]}
            """
        )
        #expect(submission.program.arguments == ["$(id)", "\n\r", "'", "--"])
        #expect(submission.program.files.last?.path == "-rf $(id)\n\"")
    }

    @Test(arguments: ["application/json", "Application/JSON; charset=utf-8", nil])
    func aContentTypeOfJSONIsTaken(type: String?) throws {
        _ = try decode("{\"source\": \"\"}", contentType: type)
    }

    @Test(arguments: ["text/plain", "application/jsonp", "application/xml", "json"])
    func anotherContentTypeIsRefused(type: String) {
        expectRefusal(at: nil) { _ = try decode("{\"source\": \"\"}", contentType: type) }
    }

    @Test(arguments: [
        nil, "", "1", "0e8f2c64-0000-7000-8000-00000000000",
        " 0e8f2c64-0000-7000-8000-00000000000", "0e8f2c64-0000-7000-8000-0000000000011",
        "+e8f2c64-0000-7000-8000-000000000001", "-1e8f2c6-0000-7000-8000-000000000001",
        "0x8f2c64-0000-7000-8000-000000000001", "0e8f2c64- 000-7000-8000-000000000001",
        "0e8f2c64-0000-7000-8000-000000000001\0x", "0e8f2c64-0000-7000-8000-000000000001\r\n",
        "{0e8f2c64-0000-7000-8000-000000000001}", "0e8f2c64-0000-7000-8000-00000000000g",
    ])
    func aMessageIDThatIsNoUUIDIsRefused(id: String?) {
        expectRefusal(at: nil) { _ = try decode("{\"source\": \"\"}", messageID: id) }
    }

    @Test(arguments: ["", "a b", "a/b", "..", "é", "a\0", String(repeating: "t", count: 64)])
    func aTenantThatIsNoNameIsRefused(tenant: String) {
        expectRefusal(at: nil) { _ = try decode("{\"source\": \"\"}", tenant: tenant) }
    }

    @Test func aReplyToThatIsNoRoutingKeyIsRefused() {
        expectRefusal(at: nil) {
            _ = try decode("{\"source\": \"\"}", replyTo: String(repeating: "q", count: 256))
        }
    }

    @Test func whatCouldNotBePublishedAgainIsRefused() {
        let body = Array("{\"source\": \"\"}".utf8)
        for name in ["app_id", "correlation_id"] {
            var properties = MessageProperties(messageID: UUID().text)
            let long = String(repeating: "é", count: 128)
            switch name {
            case "app_id": properties.appID = long
            default: properties.correlationID = long
            }
            let refusal = #expect(throws: RequestRefusal.self) {
                try SubmissionDecoder.sample.decode(
                    RequestMessage(properties: properties, body: body),
                    level: .normal
                )
            }
            #expect(refusal?.reason.contains(name) == true)
        }
    }

    @Test(arguments: [
        "amq.rabbitmq.reply-to.x", "amq.topic", "a\r\nx: y", "$(id) '\"", "",
        String(repeating: "q", count: 255),
    ])
    func aReplyToIsPlainBytes(replyTo: String) throws {
        _ = try decode("{\"source\": \"\"}", replyTo: replyTo)
    }

    @Test(arguments: ["application/json\r\nx: y", "application/json\0", "application/json\r"])
    func aContentTypeWithAControlCharacterIsRefused(type: String) {
        expectRefusal(at: nil) { _ = try decode("{\"source\": \"\"}", contentType: type) }
    }

    @Test(arguments: [
        "{\"source\": \"a\", \"source\": \"b\"}", "{\"source\": \"\", \"source\": \"\"}",
        "{\"source\": \"\", \"env\": {\"A\": \"1\", \"\\u0041\": \"2\"}}",
        "{\"source\": \"\", \"labels\": {\"\\u00e9\": \"\", \"e\\u0301\": \"\"}}",
        "{\"source\": \"\", \"limits\": {\"processes\": 1, \"processes\": 2}}",
        "{\"files\": [{\"path\": \"main.py\", \"path\": \"a\", \"text\": \"\"}]}",
        "{\"source\": \"\", \"batch\": null, \"batch\": null}",
    ])
    func aFieldThatIsThereTwiceIsRefused(body: String) throws {
        let refusal = try #require(throws: RequestRefusal.self) { try decode(body) }
        #expect(refusal == RequestRefusal(.invalidRequest, at: "", "an object has a field twice"))
    }

    @Test func fieldsOfTheSameNameInTwoObjectsAreNotTwice() throws {
        _ = try decode(
            """
            {"source": ":{\\"", "files": [{"path": "a", "text": ""}, {"path": "b", "text": ""}],
             "env": {"source": "", "A": ""}, "labels": {"source": "", "A": ""}, "limits": null}
            """
        )
    }

    @Test func aByteOrderMarkIsNoPartOfTheRequest() throws {
        _ = try decode("\u{FEFF}{\"source\": \"\"}")
    }

    @Test(
        arguments: [
            [0xC3, 0x28], [0xED, 0xA0, 0x80], [0xF8], [0x80], [0xC0, 0xAF],
            [0xF4, 0x90, 0x80, 0x80],
            [0xC3], [0xFF],
        ] as [[UInt8]]
    )
    func textThatIsNotUTF8IsRefused(bytes: [UInt8]) {
        let body = Array("{\"source\": \"".utf8) + bytes + Array("\"}".utf8)
        expectRefusal(at: "") { _ = try decode(bytes: body) }
    }

    @Test(arguments: [
        "", " ", "nonsense", "{", "[]", "1", "null", "\"source\"", "{\"source\": \"\"} x",
        "{source: 1}", "{\"source\": 'x'}", "{\"source\": \"\u{1}\"}",
        "{\"source\": \"\\ud800\"}", "{\"source\": \"\\udc00\\ud800\"}", "{\"source\": NaN}",
        "{\"source\": \"\", \"limits\": {\"wall_seconds\": Infinity}}", "{\"source\": \"\"}{}",
        "{\"source\": \"\",}", "{\"source\": \"\", \"args\": [\"\",\n ]}", "{,}",
        "/**/{\"source\": \"\"}", "{\"source\": \"\\x\"}",
    ])
    func whatIsNoJSONObjectIsRefused(body: String) {
        expectRefusal(at: "") { _ = try decode(body) }
    }

    @Test(arguments: [false, true])
    func jsonInUTF16IsRefused(isBigEndian: Bool) {
        let units = "{\"source\": \"\"}".utf16
        let body = units.flatMap { unit in
            let bytes = [UInt8(truncatingIfNeeded: unit), UInt8(unit >> 8)]
            return isBigEndian ? bytes.reversed() : bytes
        }
        expectRefusal(at: "") { _ = try decode(bytes: body) }
    }

    @Test(arguments: [
        // Unknown fields, at every level.
        ("{\"source\": \"\", \"sauce\": 1}", "/sauce"),
        ("{\"source\": \"\", \"a/b~c\": 1}", "/a~1b~0c"),
        ("{\"source\": \"\", \"/\\u0301~\\u0301\": 1}", "/~1\u{301}~0\u{301}"),
        ("{\"source\": \"\", \"limits\": {\"wall\": 1}}", "/limits/wall"),
        ("{\"files\": [{\"path\": \"a\", \"text\": \"\", \"mode\": 7}]}", "/files/0/mode"),
        ("{\"source\": \"\", \"batch\": {\"id\": \"\", \"size\": 1, \"x\": 1}}", "/batch/x"),
        // Wrong types.
        ("{\"source\": 5}", "/source"),
        ("{\"source\": \"\", \"args\": \"x\"}", "/args"),
        ("{\"source\": \"\", \"args\": [\"x\", 1]}", "/args/1"),
        ("{\"source\": \"\", \"args\": [null]}", "/args/0"),
        ("{\"source\": \"\", \"env\": []}", "/env"),
        ("{\"source\": \"\", \"env\": {\"A\": 1}}", "/env/A"),
        ("{\"source\": \"\", \"labels\": {\"A\": {}}}", "/labels/A"),
        ("{\"source\": \"\", \"limits\": []}", "/limits"),
        ("{\"source\": \"\", \"files\": {}}", "/files"),
        ("{\"source\": \"\", \"files\": [null]}", "/files/0"),
        ("{\"source\": \"\", \"stdin\": []}", "/stdin"),
        ("{\"source\": \"\", \"batch\": 1}", "/batch"),
        ("{\"source\": \"\", \"deadline\": 1795453200}", "/deadline"),
        ("{\"source\": \"\", \"retry\": 2}", "/retry"),
        ("{\"source\": \"\", \"retry\": {\"max\": \"2\"}}", "/retry/max"),
        ("{\"source\": \"\", \"retry\": {\"max\": 1, \"on\": \"failed\"}}", "/retry/on"),
        ("{\"source\": \"\", \"retry\": {\"max\": 1, \"at\": []}}", "/retry/at"),
        ("{\"source\": \"\", \"supersedes\": 7}", "/supersedes"),
        // Files.
        ("{}", "/source"),
        ("{\"entrypoint\": \"run.py\"}", "/entrypoint"),
        (
            "{\"entrypoint\": \"e\\u0301\", \"files\": [{\"path\": \"\\u00e9\", \"text\": \"\"}]}",
            "/entrypoint"
        ),
        ("{\"source\": \"\", \"entrypoint\": \"../x\"}", "/entrypoint"),
        ("{\"files\": [{\"text\": \"\"}]}", "/files/0/path"),
        ("{\"files\": [{\"path\": \"a\"}]}", "/files/0"),
        ("{\"files\": [{\"path\": \"a\", \"text\": null}]}", "/files/0"),
        ("{\"files\": [{\"path\": \"a\", \"text\": \"\", \"base64\": \"\"}]}", "/files/0/base64"),
        ("{\"files\": [{\"path\": \"a\", \"base64\": \"!\"}]}", "/files/0/base64"),
        ("{\"source\": \"\", \"files\": [{\"path\": \"../x\", \"text\": \"\"}]}", "/files/0/path"),
        (
            "{\"source\": \"\", \"files\": [{\"path\": \"/etc/x\", \"text\": \"\"}]}",
            "/files/0/path"
        ),
        (
            "{\"source\": \"\", \"files\": [{\"path\": \"a/../../x\", \"text\": \"\"}]}",
            "/files/0/path"
        ),
        ("{\"source\": \"\", \"files\": [{\"path\": \"\", \"text\": \"\"}]}", "/files/0/path"),
        ("{\"source\": \"\", \"files\": [{\"path\": \".\", \"text\": \"\"}]}", "/files/0/path"),
        (
            "{\"source\": \"\", \"files\": [{\"path\": \"a\\u0000b\", \"text\": \"\"}]}",
            "/files/0/path"
        ),
        (
            "{\"source\": \"\", \"files\": [{\"path\": \"main.py\", \"text\": \"\"}]}",
            "/files/0/path"
        ),
        (
            "{\"source\": \"\", \"files\": [{\"path\": \"a\", \"text\": \"\"}, {\"path\": \"a\", \"text\": \"\"}]}",
            "/files/1/path"
        ),
        (
            "{\"source\": \"\", \"files\": [{\"path\": \"a\", \"text\": \"\"}, {\"path\": \"a/b\", \"text\": \"\"}]}",
            "/files/1/path"
        ),
        // A combining mark behind a byte that means something.
        ("{\"source\": \"\", \"entrypoint\": \"../\\u0301x\"}", "/entrypoint"),
        (
            "{\"source\": \"\", \"files\": [{\"path\": \"a/../\\u0301x\", \"text\": \"\"}]}",
            "/files/0/path"
        ),
        (
            "{\"source\": \"\", \"files\": [{\"path\": \"/\\u0301x\", \"text\": \"\"}]}",
            "/files/0/path"
        ),
        ("{\"source\": \"\", \"outputs\": [\"/\\u0301*\"]}", "/outputs/0"),
        ("{\"source\": \"\", \"env\": {\"A=\\u0301\": \"\"}}", "/env"),
        ("{\"source\": \"\", \"args\": [\"\\u0000\\u0301\"]}", "/args/0"),
        // Program.
        ("{\"source\": \"\", \"runtime\": \"ruby\"}", "/runtime"),
        ("{\"source\": \"\", \"args\": [\"a\\u0000\"]}", "/args/0"),
        ("{\"source\": \"\", \"env\": {\"\": \"x\"}}", "/env"),
        ("{\"source\": \"\", \"env\": {\"A=B\": \"x\"}}", "/env"),
        ("{\"source\": \"\", \"env\": {\"A\": \"\\u0000\"}}", "/env/A"),
        ("{\"source\": \"\", \"stdin\": \"\", \"stdin_base64\": \"\"}", "/stdin_base64"),
        ("{\"source\": \"\", \"stdin_base64\": \"====\"}", "/stdin_base64"),
        ("{\"source\": \"\", \"stdin_base64\": \"AA=A\"}", "/stdin_base64"),
        ("{\"source\": \"\", \"outputs\": [\"\"]}", "/outputs/0"),
        ("{\"source\": \"\", \"outputs\": [\"a\", \"/etc/*\"]}", "/outputs/1"),
        ("{\"source\": \"\", \"outputs\": [\"../x\"]}", "/outputs/0"),
        ("{\"source\": \"\", \"outputs\": [\"a/../../*\"]}", "/outputs/0"),
        // Limits.
        ("{\"source\": \"\", \"limits\": {\"wall_seconds\": 0}}", "/limits/wall_seconds"),
        ("{\"source\": \"\", \"limits\": {\"wall_seconds\": -1}}", "/limits/wall_seconds"),
        ("{\"source\": \"\", \"limits\": {\"wall_seconds\": 60.001}}", "/limits/wall_seconds"),
        ("{\"source\": \"\", \"limits\": {\"cpu_seconds\": 1e308}}", "/limits/cpu_seconds"),
        ("{\"source\": \"\", \"limits\": {\"cpu_seconds\": 1e400}}", "/limits/cpu_seconds"),
        ("{\"source\": \"\", \"limits\": {\"cpu_seconds\": 1e999999}}", "/limits/cpu_seconds"),
        ("{\"source\": \"\", \"limits\": {\"cpu_seconds\": 1E-400}}", "/limits/cpu_seconds"),
        ("{\"source\": \"\", \"limits\": {\"cpu_seconds\": -0}}", "/limits/cpu_seconds"),
        ("{\"source\": \"\", \"limits\": {\"cpu_seconds\": -0.0}}", "/limits/cpu_seconds"),
        ("{\"source\": \"\", \"limits\": {\"processes\": -0}}", "/limits/processes"),
        ("{\"source\": \"\", \"limits\": {\"processes\": 1e999999}}", "/limits/processes"),
        ("{\"source\": \"\", \"limits\": {\"processes\": null, \"x\": 1}}", "/limits/x"),
        ("{\"source\": \"\", \"limits\": {\"cpu_seconds\": \"5\"}}", "/limits/cpu_seconds"),
        ("{\"source\": \"\", \"limits\": {\"cpu_seconds\": true}}", "/limits/cpu_seconds"),
        ("{\"source\": \"\", \"limits\": {\"memory_bytes\": 0}}", "/limits/memory_bytes"),
        ("{\"source\": \"\", \"limits\": {\"memory_bytes\": 1.5}}", "/limits/memory_bytes"),
        ("{\"source\": \"\", \"limits\": {\"memory_bytes\": 1e308}}", "/limits/memory_bytes"),
        (
            "{\"source\": \"\", \"limits\": {\"memory_bytes\": 9223372036854775808}}",
            "/limits/memory_bytes"
        ),
        ("{\"source\": \"\", \"limits\": {\"memory_bytes\": 536870913}}", "/limits/memory_bytes"),
        ("{\"source\": \"\", \"limits\": {\"processes\": -1}}", "/limits/processes"),
        ("{\"source\": \"\", \"limits\": {\"processes\": 65}}", "/limits/processes"),
        ("{\"source\": \"\", \"limits\": {\"stdout_bytes\": 0}}", "/limits/stdout_bytes"),
        ("{\"source\": \"\", \"limits\": {\"stderr_bytes\": 1e10}}", "/limits/stderr_bytes"),
        ("{\"source\": \"\", \"limits\": {\"output_bytes\": \"1\"}}", "/limits/output_bytes"),
        ("{\"source\": \"\", \"limits\": {\"output_files\": 1001}}", "/limits/output_files"),
        // Batch, times, labels.
        ("{\"source\": \"\", \"batch\": {\"size\": 1}}", "/batch/id"),
        ("{\"source\": \"\", \"batch\": {\"id\": \"x\", \"size\": 1}}", "/batch/id"),
        (
            "{\"source\": \"\", \"batch\": {\"id\": \"0e8f2c64-0000-7000-8000-000000000001\", \"size\": 0}}",
            "/batch/size"
        ),
        (
            "{\"source\": \"\", \"batch\": {\"id\": \"0e8f2c64-0000-7000-8000-000000000001\", \"size\": 1.5}}",
            "/batch/size"
        ),
        ("{\"source\": \"\", \"deadline\": \"tomorrow\"}", "/deadline"),
        ("{\"source\": \"\", \"retry\": {}}", "/retry/max"),
        ("{\"source\": \"\", \"retry\": {\"max\": 0}}", "/retry/max"),
        ("{\"source\": \"\", \"retry\": {\"max\": 11}}", "/retry/max"),
        ("{\"source\": \"\", \"retry\": {\"max\": 1, \"on\": []}}", "/retry/on"),
        ("{\"source\": \"\", \"retry\": {\"max\": 1, \"on\": [\"errored\"]}}", "/retry/on/0"),
        ("{\"source\": \"\", \"supersedes\": \"x\"}", "/supersedes"),
        ("{\"source\": \"\", \"retain\": 30}", "/retain"),
        ("{\"source\": \"\", \"retain\": \"\"}", "/retain"),
        ("{\"source\": \"\", \"retain\": \"0s\"}", "/retain"),
        ("{\"source\": \"\", \"retain\": \"d\"}", "/retain"),
        ("{\"source\": \"\", \"retain\": \"+5d\"}", "/retain"),
        ("{\"source\": \"\", \"retain\": \"5ms\"}", "/retain"),
        ("{\"source\": \"\", \"not_before\": \"2026-02-30T00:00:00Z\"}", "/not_before"),
        ("{\"source\": \"\", \"labels\": {\"a\": \"\\u0000\"}}", "/labels"),
    ])
    func aBadFieldIsRefusedByItsPointer(body: String, pointer: String) {
        expectRefusal(at: pointer) { _ = try decode(body) }
    }

    /// What is told of a run fits into one frame of the sandbox's stream, whose sender would trap.
    @Test(arguments: [
        ("{\"source\": \"\", \"args\": [" + list("\"\"", 10_001) + "]}", "/args"),
        ("{\"source\": \"\", \"env\": " + object(of: 10_001) + "}", "/env"),
        (
            "{\"source\": \"\", \"env\": {\"A\": \"" + String(repeating: "x", count: 122_880)
                + "\"}}",
            "/env"
        ),
        (
            "{\"source\": \"\", \"files\": ["
                + (0..<300).map { number in
                    let path = Array(repeating: "\(number)", count: 5)
                        .map { $0 + String(repeating: "d", count: 190) }.joined(separator: "/")
                    return "{\"path\": \"\(path)\", \"text\": \"\"}"
                }.joined(separator: ",") + "]}",
            "/files"
        ),
    ])
    func whatAnAgentDoesNotTakeIsRefused(body: String, pointer: String) {
        expectRefusal(at: pointer) { _ = try decode(body) }
    }

    @Test(arguments: [
        "{\"source\": \"\", \"labels\": " + object(of: 65) + "}",
        "{\"source\": \"\", \"outputs\": [" + list("\"x\"", 101) + "]}",
        "{\"source\": \"\", \"outputs\": ["
            + list("\"" + String(repeating: "*a", count: 205) + "\"", 10)
            + "]}",
        "{\"files\": [" + list("{\"path\": \"x\", \"text\": \"\"}", 1_001) + "]}",
        "{\"source\": \"\", \"args\": [\"" + String(repeating: "x", count: 131_072) + "\"]}",
        "{\"source\": \"\", \"env\": {\"A\": \"" + String(repeating: "x", count: 131_072) + "\"}}",
    ])
    func tooManyOrTooLargeIsRefused(body: String) {
        #expect(throws: RequestRefusal.self) { try decode(body) }
    }

    @Test(arguments: [
        String(repeating: "[", count: 100_000),
        "{\"source\": " + String(repeating: "[", count: 100_000)
            + String(repeating: "]", count: 100_000) + "}",
        String(repeating: "{\"a\":", count: 17),
        "{\"source\": \"\", \"env\": " + object(of: 1_000_000) + "}",
        "{\"source\": \"\", \"args\": [" + list("[]", 100_000) + "]}",
    ])
    func whatIsTooDeepOrHasTooManyValuesIsRefusedBeforeItIsParsed(body: String) {
        expectRefusal(.tooLarge, at: "") { _ = try decode(body) }
    }

    @Test func bracketsInsideStringsAreNotCounted() throws {
        let source = String(repeating: "[{,\\\"", count: 100_000)
        _ = try decode("{\"source\": \"\(source)\"}")
    }

    @Test func aThousandDeepPathsAreRefusedRatherThanRemembered() {
        let path = Array(repeating: "d", count: 500).joined(separator: "/")
        expectRefusal(at: "/files/0/path") {
            _ = try decode(
                "{\"source\": \"\", \"files\": [{\"path\": \"\(path)\", \"text\": \"\"}]}"
            )
        }
    }

    @Test(arguments: ["processes", "wall_seconds"], ["", "-", "1e"])
    func theReasonOfALongNumberIsShort(limit: String, prefix: String) throws {
        let number = prefix + String(repeating: "1", count: 1_000_000)
        let refusal = try #require(throws: RequestRefusal.self) {
            try decode("{\"source\": \"\", \"limits\": {\"\(limit)\": \(number)}}")
        }
        #expect(refusal.reason.utf8.count < 1_000)
    }

    @Test func theReasonOfALongUnknownFieldIsShort() throws {
        let key = String(repeating: "k", count: 1_000_000)
        let refusal = try #require(throws: RequestRefusal.self) { try decode("{\"\(key)\": 1}") }
        #expect(refusal.reason.utf8.count < 1_000)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func mutatedRequestsAreReadOrRefusedAndNeverCrash(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let valid = Array(
            """
            {"source":"é\\u00e9","runtime":"python","files":[{"path":"a/b","text":"x"},{"path":"c",\
            "base64":"AP8="}],"args":["-x"],"env":{"A":"b"},"stdin":"1","outputs":["*.csv"],\
            "limits":{"wall_seconds":1.5,"memory_bytes":1e6,"processes":3},"batch":{"id":\
            "0e8f2c64-0000-7000-8000-000000000001","size":4},"not_before":"2026-11-23T17:00:00Z",\
            "labels":{"a":"b"}}
            """.utf8
        )
        var accepted = 0
        for _ in 0..<2_000 {
            var body = valid
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                body.mutate(using: &generator)
            }
            do throws(RequestRefusal) {
                _ = try decode(bytes: body)
                accepted += 1
            } catch {
                #expect(!error.reason.utf8.contains(0))
            }
        }
        #expect((1..<2_000).contains(accepted))
    }

    private func decode(
        _ body: String,
        messageID: String? = "0e8f2c64-0000-7000-8000-000000000001",
        contentType: String? = "application/json",
        tenant: String? = nil,
        replyTo: String? = nil
    ) throws(RequestRefusal) -> Submission {
        try decode(
            bytes: Array(body.utf8),
            messageID: messageID,
            contentType: contentType,
            tenant: tenant,
            replyTo: replyTo
        )
    }

    private func decode(
        bytes body: [UInt8],
        messageID: String? = "0e8f2c64-0000-7000-8000-000000000001",
        contentType: String? = "application/json",
        tenant: String? = nil,
        replyTo: String? = nil
    ) throws(RequestRefusal) -> Submission {
        let properties = MessageProperties(
            contentType: contentType,
            messageID: messageID,
            replyTo: replyTo,
            headers: tenant.map { ["tenant": $0] } ?? [:]
        )
        return try SubmissionDecoder.sample.decode(
            RequestMessage(properties: properties, body: body),
            level: .high
        )
    }

    private func expectRefusal(
        _ kind: RequestRefusal.Kind = .invalidRequest,
        at pointer: String?,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () throws -> Void
    ) {
        let refusal = #expect(throws: RequestRefusal.self, sourceLocation: sourceLocation) {
            try body()
        }
        #expect(refusal?.kind == kind, sourceLocation: sourceLocation)
        #expect(refusal?.pointer == pointer, sourceLocation: sourceLocation)
    }

    private static func list(_ value: String, _ count: Int) -> String {
        Array(repeating: value, count: count).joined(separator: ",")
    }

    private static func object(of count: Int) -> String {
        "{" + (0..<count).map { "\"k\($0)\":\"\"" }.joined(separator: ",") + "}"
    }
}

extension [UInt8] {
    /// Changes, removes, repeats or adds a few bytes, often ones that mean something to JSON.
    fileprivate mutating func mutate(using random: inout some RandomNumberGenerator) {
        guard let index = indices.randomElement(using: &random) else { return }
        let tokens: [UInt8] = Array("{}[]\",:\\0-eE.nul".utf8) + [0, 0x1F, 0x80, 0xC3, 0xFF]
        switch Int.random(in: 0..<5, using: &random) {
        case 0: self[index] = .random(in: .min ... .max, using: &random)
        case 1: self[index] = tokens.randomElement(using: &random) ?? 0
        case 2: insert(tokens.randomElement(using: &random) ?? 0, at: index)
        case 3: removeSubrange(index..<Swift.min(index + 5, count))
        default: insert(contentsOf: self[index..<Swift.min(index + 20, count)], at: index)
        }
    }
}
