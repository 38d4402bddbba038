import Foundation
import Glibc
import SandmillService
import Testing

@testable import SandmillClient

@Suite struct ProgramDirectoryTests {
    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    private func content(
        entrypoint: String? = nil,
        runtime: String? = nil,
        runtimes: [String]? = nil
    ) throws(ClientError) -> ProgramDirectory.Content {
        try ProgramDirectory(
            scratch.path,
            entrypoint: entrypoint,
            runtime: runtime,
            runtimes: runtimes
        ).content()
    }

    private func failure(entrypoint: String? = nil) throws -> ClientError {
        try #require(throws: ClientError.self) { try content(entrypoint: entrypoint) }
    }

    @Test func programsAndSubdirectoriesAreExecutionsInTheOrderOfTheirNumbers() throws {
        try scratch.file("s10.py", "10")
        try scratch.file("s9.c", "9")
        try scratch.file("s9.in", "input")
        try scratch.file("s9/data/x.txt", "x")
        try scratch.file("s2/main.js", "2")
        try scratch.file("s2/lib/a.js", "a")
        try scratch.file("s1/main.c", "1")
        try scratch.file("README.md", "no program")
        try scratch.file(".hidden.py", "no program")
        try scratch.file("s2/.git/config", "no file of it")
        let content = try content()
        #expect(content.omissions.isEmpty)
        #expect(content.leftOut.map(\.name) == ["README.md"])
        #expect(content.programs.map(\.name) == ["s1", "s2", "s9", "s10"])
        #expect(content.programs.map(\.request.runtime) == ["c", "node", "c", "python"])
        #expect(
            content.programs.map(\.request.entrypoint) == ["main.c", "main.js", "s9.c", "s10.py"]
        )
        #expect(content.programs[1].request.files.map(\.path) == ["lib/a.js", "main.js"])
        #expect(content.programs[2].request.files.map(\.path) == ["s9.c", "data/x.txt"])
        #expect(content.programs[2].request.stdin == Data("input".utf8).base64EncodedString())
        #expect(content.programs[3].request.stdin == nil)
        #expect(content.programs.map { $0.request.labels["program"] } == ["s1", "s2", "s9", "s10"])
    }

    @Test func linksAndPipesAreLeftOutAndNamed() throws {
        try scratch.file("secret", "print('secret')")
        try scratch.file("good.py", "1")
        try scratch.link("evil.py", to: "\(scratch.path)/secret")
        try scratch.link("all", to: "/")
        try scratch.file("deep/main.py", "1")
        try scratch.link("deep/passwd", to: "/etc/passwd")
        try #require(unsafe mkfifo("\(scratch.path)/pipe.py", 0o600) == 0)
        try scratch.link("good.in", to: "\(scratch.path)/secret")
        let content = try content()
        #expect(content.programs.map(\.name) == ["deep", "good"])
        #expect(content.programs.map { $0.request.files.count } == [1, 1])
        #expect(content.programs.map(\.request.stdin) == [nil, nil])
        #expect(content.omissions == ["\(scratch.path)/deep/passwd is no regular file"])
        #expect(
            content.leftOut
                == ["all", "evil.py", "good.in", "pipe.py", "secret"].map { name in
                    ProgramDirectory.LeftOut(
                        name: name,
                        reason: name == "secret"
                            ? "no program: what runs it does not follow from its name"
                            : "no regular file"
                    )
                }
        )
    }

    @Test func subdirectoryWithoutAnEntrypointIsLeftOutAndNamed() throws {
        try scratch.file("a/solution.py", "1")
        try scratch.file("b/main.py", "1")
        let usual = try content()
        #expect(usual.programs.map(\.name) == ["b"])
        #expect(usual.leftOut.map(\.name) == ["a"])
        #expect(usual.leftOut.allSatisfy { $0.reason.hasPrefix("there is no main.py") })
        let named = try content(entrypoint: "solution.py")
        #expect(named.programs.map(\.name) == ["a"])
        #expect(named.leftOut == [.init(name: "b", reason: "there is no solution.py")])
    }

    @Test func runtimeThatIsGivenIsThatOfAll() throws {
        try scratch.file("a/run", "1")
        #expect(try failure(entrypoint: "run").message.contains("--runtime"))
        let content = try content(entrypoint: "run", runtime: "sh")
        #expect(content.programs.map(\.request.runtime) == ["sh"])
    }

    @Test func twoEntrypointsAreAQuestion() throws {
        try scratch.file("a/main.py", "1")
        try scratch.file("a/main.c", "1")
        #expect(try failure().message.contains("main.py or main.c"))
        #expect(try content(entrypoint: "main.c").programs.map(\.request.runtime) == ["c"])
    }

    /// One program that cannot be run does not keep the others from it.
    @Test func everyEntryIsAProgramOrLeftOutWithTheReason() throws {
        try scratch.file("anna2.py", "2")
        try scratch.file("anna2.in", "in")
        try scratch.file("anna10.py", "10")
        try scratch.file("ben.c", "c")
        try scratch.file("ben/data.txt", "of ben.c")
        try scratch.file("dora/main.c", "c")
        try scratch.file("emil/main.py", "python")
        try scratch.file("emil/main.c", "c")
        try scratch.file("fritz.in", "of nobody")
        try scratch.file("notes.txt", "none")
        try scratch.file("yann.java", "java")
        try scratch.file("zoe/answer.py", "none")
        let content = try content(runtimes: ["python", "sh"])
        #expect(content.programs.map(\.name) == ["anna2", "anna10", "emil"])
        #expect(content.programs.last?.request.entrypoint == "main.py")
        let notRun = "this pool runs python, sh"
        let unknown = "no program: what runs it does not follow from its name"
        #expect(
            content.leftOut.map { "\($0.name): \($0.reason)" } == [
                "ben.c: \(notRun)", "dora: \(notRun)", "fritz.in: \(unknown)",
                "notes.txt: \(unknown)", "yann.java: \(notRun)",
                "zoe: there is no main.py, main.sh",
            ]
        )
        #expect(content.omissions.isEmpty)
    }

    @Test func twoProgramsOfOneNameAreRefused() throws {
        try scratch.file("a.py", "1")
        try scratch.file("a.c", "1")
        let failure = try failure()
        #expect(failure.code == .wrongInput)
        #expect(failure.message.contains("a.c and a.py are both called a"))
    }

    @Test func directoryWithoutAProgramIsRefusedWithWhatWasLeftOut() throws {
        try scratch.file("notes.txt", "1")
        try scratch.file("a/notes.txt", "1")
        let failure = try failure()
        #expect(failure.code == .wrongInput)
        #expect(failure.message.contains("there is no *.py"))
        #expect(failure.message.contains("\(scratch.path)/a: there is no main.py"))
    }

    @Test func inputsAreExecutionsCalledByTheirNames() throws {
        try scratch.file("10.txt", "ten")
        try scratch.file("9.txt", "nine")
        try scratch.link("link", to: "\(scratch.path)/9.txt")
        try scratch.file("more/1.txt", "1")
        let program = RequestDraft(
            entrypoint: "p.py",
            files: [RequestDraft.File(path: "p.py", content: [])]
        )
        let requests = try InputDirectory(scratch.path).requests(program)
        #expect(requests.map(\.name) == ["9.txt", "10.txt", "link"])
        #expect(requests.map { $0.request.labels["input"] } == ["9.txt", "10.txt", "link"])
        #expect(
            requests.map(\.request.stdin)
                == ["nine", "ten", "nine"].map { Data($0.utf8).base64EncodedString() }
        )
    }

    @Test(arguments: ["empty", "none"])
    func placeWithoutInputsIsRefused(name: String) throws {
        try scratch.file("empty/more/1.txt", "1")
        let program = RequestDraft(entrypoint: "p.py", files: [])
        let failure = try #require(throws: ClientError.self) {
            try InputDirectory("\(scratch.path)/\(name)").requests(program)
        }
        #expect(failure.code == .wrongInput)
    }
}
