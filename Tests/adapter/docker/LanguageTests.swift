import Foundation
import SandboxFixture
import SandmillDocker
import SandmillEntity
import SandmillService
import Testing

/// One assignment in every language, right and wrong in each way that a grader has to tell apart:
/// `assignment.txt` has the programs.
@Suite(.timeLimit(.minutes(15)), .serialized)
struct LanguageTests {
    static let runtimes = TestEngine.languages

    private static func programs(of runtime: Runtime) throws -> [String: String] {
        let file = try #require(Bundle.module.url(forResource: "assignment", withExtension: "txt"))
        var programs: [String: String] = [:]
        var kind: String?
        for line in try String(contentsOf: file, encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false)
        {
            if line.hasPrefix("#### ") {
                let words = line.split(separator: " ")
                kind = words[1] == runtime.name ? String(words[2]) : nil
            } else if let kind {
                programs[kind, default: ""] += line + "\n"
            }
        }
        return programs
    }

    @Test(arguments: runtimes)
    func verdictsOfAnAssignmentAreTrue(runtime: Runtime) async throws {
        let programs = try Self.programs(of: runtime)
        try #require(programs.count == 7)
        let specification = TestEngine.specification(
            image: TestEngine.imageOfLanguages,
            runtimes: [.python, runtime],
            memory: .mebibytes(128),
            scratch: .mebibytes(64),
            scratchFiles: 16_384,
            processes: 64
        )
        try await TestEngine.withSandbox(specification) { sandbox in
            func run(_ kind: String) async throws -> Collected {
                var limits = Limits.generous
                limits.memory = .mebibytes(128)
                limits.processes = 64
                limits.wall = .seconds(60)
                limits.cpu = .seconds(kind == "loop" ? 2 : 10)
                let result = try await sandbox.run(
                    try #require(programs[kind]),
                    by: runtime,
                    stdin: Array("1.0 2.0 3.0\n4.0\n".utf8),
                    outputs: ["*.svg"],
                    limits: limits
                )
                #expect(result.report?.isClean == true, "\(kind)")
                return result
            }
            func expect(_ isTrue: Bool, _ kind: String, _ result: Collected) {
                #expect(isTrue, "\(kind): \(String(describing: result.report)) \(result.errors)")
            }
            let right = try await run("right")
            expect(right.text == "mean 2.50\n", "right", right)
            expect(right.report?.exit.status == .code(0), "right", right)
            let bars = [10, 20, 30, 40].enumerated()
                .map { "<rect x=\"\($0.offset * 10)\" width=\"9\" height=\"\($0.element)\"/>" }
            let picture = "<svg xmlns=\"http://www.w3.org/2000/svg\">\(bars.joined())</svg>\n"
            expect(right.files.map(\.path) == ["histogram.svg"], "right", right)
            expect(right.files.first?.content == Array(picture.utf8), "right", right)

            let wrong = try await run("wrong")
            expect(wrong.text == "mean 0.00\n" && wrong.files.isEmpty, "wrong", wrong)
            expect(wrong.report?.missing == ["*.svg"], "wrong", wrong)

            let error = try await run("error")
            expect(error.report?.exit.status != .code(0), "error", error)
            expect(error.report?.isBuilt == (runtime.build == nil), "error", error)
            expect(!error.errors.isEmpty, "error", error)

            let crash = try await run("crash")
            expect(crash.report?.exit.status != .code(0), "crash", crash)
            expect(crash.report?.exit.killCause == nil, "crash", crash)
            expect(crash.report?.isBuilt == true, "crash", crash)

            let loop = try await run("loop")
            expect(loop.report?.exit.killCause == .cpuTime, "loop", loop)

            let memory = try await run("memory")
            // A heap that has a limit of its own ends as the language says.
            expect(
                (memory.report?.exit.oomKills ?? 0) > 0
                    || memory.errors.contains("OutOfMemoryError"),
                "memory",
                memory
            )

            let recursion = try await run("recursion")
            let exit = try #require(recursion.report?.exit)
            expect(exit.status != .code(0), "recursion", recursion)
            expect(
                exit.oomKills > 0 || exit.killCause != nil || !recursion.errors.isEmpty
                    || exit.status == .signal(11),
                "recursion",
                recursion
            )
            let last = try await sandbox.python("import os; print(os.listdir('/tmp'))")
            #expect(last.text == "[]\n")
        }
    }
}
