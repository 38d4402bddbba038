import FoundationEssentials
import SandmillEntity
import SandmillService
import Testing

/// What a request may say of how its program is built, limited and collected.
@Suite struct ProgramRequestTests {
    private static let policy = LimitPolicy(
        defaults: limits(wall: 10, cpu: 5, memory: 32, processes: 16),
        maxima: limits(wall: 60, cpu: 60, memory: 1_024, processes: 128),
        killsOnExcessOutput: false
    )

    private static func limits(wall: Int, cpu: Int, memory: Int64, processes: Int) -> Limits {
        Limits(
            wall: .seconds(wall),
            cpu: .seconds(cpu),
            memory: .mebibytes(memory),
            processes: processes,
            stdout: .mebibytes(1),
            stderr: .mebibytes(1),
            output: .mebibytes(1),
            outputFiles: 10
        )
    }

    private func decode(_ fields: String) throws -> Program {
        let pool = SubmissionDecoder.Pool(
            name: "p",
            runtimes: [.python, .c, .java],
            limits: Self.policy
        )
        return try SubmissionDecoder(pool: pool).decode(
            RequestMessage(
                properties: MessageProperties(messageID: UUID().uuidString),
                body: Array("{\"source\": \"\", \(fields)}".utf8)
            ),
            level: .normal
        ).program
    }

    private func refusal(_ fields: String) -> RequestRefusal? {
        #expect(throws: RequestRefusal.self, "\(fields)") { try decode(fields) }
    }

    @Test func argumentsOfABuildAreThoseAllowed() throws {
        let program = try decode(#""runtime": "c", "build_args": ["-Wall", "-DN=5"]"#)
        #expect(program.buildArguments == ["-Wall", "-DN=5"])
        let refused = refusal(#""runtime": "c", "build_args": ["-Wall", "-o/x"]"#)
        #expect(refused?.pointer == "/build_args/1")
        #expect(refused?.message.contains("-std=*") == true)
        #expect(refusal(#""build_args": ["-Wall"]"#)?.pointer == "/build_args")
        #expect(refusal(#""runtime": "c", "build_args": ["-D\u0000"]"#)?.pointer == "/build_args/0")
        let many = Array(repeating: "\"-g\"", count: 65).joined(separator: ",")
        #expect(refusal(#""runtime": "c", "build_args": [\#(many)]"#)?.pointer == "/build_args")
    }

    @Test func realTimeByDefaultUndercutsNoProcessorTimeThatIsAskedFor() throws {
        #expect(try decode(#""limits": {"cpu_seconds": 20}"#).limits.wall == .seconds(40))
        #expect(try decode(#""limits": {"cpu_seconds": 50}"#).limits.wall == .seconds(60))
        #expect(try decode(#""limits": {"cpu_seconds": 1}"#).limits.wall == .seconds(10))
        #expect(
            try decode(#""limits": {"cpu_seconds": 20, "wall_seconds": 3}"#).limits.wall
                == .seconds(3)
        )
        #expect(try decode(#""limits": {"processes": 2}"#).limits.wall == .seconds(10))
    }

    @Test func stackThatIsAskedForFitsIntoTheMemory() throws {
        #expect(try decode(#""args": []"#).limits.stack == nil)
        let limits = try decode(#""limits": {"stack_bytes": 67108864}"#).limits
        #expect(limits.stack == .mebibytes(64))
        #expect(limits.memory == .mebibytes(64))
        let small = try decode(#""limits": {"stack_bytes": 67108864, "memory_bytes": 1048576}"#)
            .limits
        #expect(small.memory == .mebibytes(1))
        for stack in ["0", "-1", "262143", "1073741825"] {
            #expect(
                refusal("\"limits\": {\"stack_bytes\": \(stack)}")?.pointer == "/limits/stack_bytes"
            )
        }
    }

    @Test func runtimeGetsWhatItNeedsOrSaysSo() throws {
        let java = #""runtime": "java""#
        #expect(try decode(java).limits.memory == .mebibytes(64))
        #expect(try decode(java).limits.processes == 32)
        #expect(
            try decode(#""runtime": "java", "limits": {"cpu_seconds": 1}"#).limits.processes == 32
        )
        let refused = refusal(#""runtime": "java", "limits": {"memory_bytes": 1048576}"#)
        #expect(refused?.pointer == "/limits/memory_bytes")
        #expect(refused?.message == "the runtime java needs at least 67108864")
        #expect(
            refusal(#""runtime": "java", "limits": {"processes": 2}"#)?.pointer
                == "/limits/processes"
        )
        #expect(try decode(#""limits": {"memory_bytes": 1048576}"#).limits.memory == .mebibytes(1))
    }

    @Test func runtimeThatThePoolLacksIsRefusedWithThoseItHas() {
        let refused = refusal(#""runtime": "cobol""#)
        #expect(refused?.pointer == "/runtime")
        #expect(refused?.message.contains("python, c, java") == true)
    }

    @Test func bracesThatStandForTooMuchAreRefused() throws {
        let ten = "{0,1,2,3,4,5,6,7,8,9}"
        #expect(try decode("\"outputs\": [\"\(ten)\(ten)\"]").outputs.count == 1)
        #expect(refusal("\"outputs\": [\"a\", \"\(ten)\(ten){a,b}\"]")?.pointer == "/outputs/1")
    }

    @Test(arguments: ["a\\u0000b", "\\u0000", "\\u0000\\u0000é", "a\\u0000"])
    func nulInTheInputArrivesAsItWasSent(text: String) throws {
        let program = try decode("\"stdin\": \"\(text)\"")
        let expected = text.replacing("\\u0000", with: "\0")
        #expect(program.stdin == Array(expected.utf8))
        let files = try decode("\"files\": [{\"path\": \"x\", \"text\": \"\(text)\"}]").files
        #expect(files.last?.content == Array(expected.utf8))
    }
}
