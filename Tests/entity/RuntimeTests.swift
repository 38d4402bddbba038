import SandmillEntity
import Testing

@Suite("Runtime")
struct RuntimeTests {
    @Test func everyRuntimeIsFoundByItsFiles() {
        #expect(Set(Runtime.given.map(\.name)).count == Runtime.given.count)
        for runtime in Runtime.given {
            #expect(Runtime.isValid(name: runtime.name))
            #expect(Runtime.ofFile("dir.x/\(runtime.entrypoint)") == runtime)
        }
        for name in ["main", "c", "main.xyz", "a.py.txt", ""] {
            #expect(Runtime.ofFile(name) == nil)
        }
    }

    @Test(arguments: [
        "", "C", "1a", "a-b", "a b", "a\u{0}", "é", "a\n", String(repeating: "a", count: 33),
    ])
    func whatIsNoNameIsToldFromOne(name: String) {
        #expect(!Runtime.isValid(name: name))
    }

    private func program(
        _ runtime: Runtime,
        _ entrypoint: String,
        _ files: [String: String] = [:]
    ) -> Program {
        Program(
            runtime: runtime,
            files: ([entrypoint: ""].merging(files) { $1 })
                .map { Program.InputFile(path: $0.key, content: Array($0.value.utf8)) },
            entrypoint: entrypoint,
            arguments: [],
            environment: [:],
            stdin: [],
            outputs: [],
            limits: .sample
        )
    }

    @Test(arguments: [
        ("-x.sh", "./-x.sh"), ("@x.c", "./@x.c"), ("a/-x@.c", "a/-x@.c"),
        ("-\u{301}", "./-\u{301}"), ("@\u{301}", "./@\u{301}"),
    ])
    func noPathIsAnOption(path: String, argument: String) {
        #expect(program(.sh, path).runCommand(product: "") == ["/bin/sh", argument])
    }

    @Test func allSourcesAreBuiltButThoseThatAnotherIncludes() {
        let files = [
            "util.c": "", "lib/more.c": "", "-last.c": "", "util.h": "", "data.txt": "",
            "part.c": "",
            "main.h": "  #  include \"lib/part.c\"\n#include <util.c>\n// #include \"util.c\"",
        ]
        let command = program(.c, "main.c", files).buildCommand(product: "/p")
        #expect(
            command == [
                "/usr/bin/gcc", "-x", "c", "-O2", "-std=gnu17", "-o", "/p", "main.c", "./-last.c",
                "lib/more.c", "util.c", "-lm",
            ]
        )
    }

    @Test func argumentsOfABuildComeBehindItsSources() {
        var program = program(.c, "main.c")
        program.buildArguments = ["-DX=1", "-lm"]
        let command = program.buildCommand(product: "/p")
        #expect(command?.suffix(4) == ["main.c", "-DX=1", "-lm", "-lm"])
    }

    @Test func commandOfWhatIsBuiltFindsItAndItsLimits() {
        let program = program(.java, "src/Main.java")
        let command = program.runCommand(product: "/p")
        #expect(command.contains("-Xmx\(program.limits.memory.bytes >> 20)m"))
        #expect(command.suffix(3) == ["-cp", "/p", "Main"])
    }

    @Test(arguments: [
        ("-lm", true), ("-lmysql", false), ("-std=c99", true), ("-O", true), ("-Ofast", true),
        ("-DX", true),
        ("-Wall", true), ("-Wl,-z,x", false), ("-o", false), ("main.c", false), ("@file", false),
        ("", false),
    ])
    func onlyWhatIsAllowedIsAnArgumentOfABuild(argument: String, isAllowed: Bool) {
        #expect(Runtime.c.build?.allows(argument) == isAllowed)
    }
}
