import SandboxFixture
import SandmillDocker
import SandmillEntity
import SandmillService
import Testing

/// A program's own module is found before one of the same name that the warm interpreter has imported.
@Suite(.timeLimit(.minutes(5)), .serialized)
struct OwnModuleTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var entrypoint = "main.py"
        let source: String
        let files: [String: String]
    }

    static let samples = [
        Sample(
            testDescription: "a module",
            source: "import statistics; print(statistics.mine())",
            files: ["statistics.py": "def mine(): return 1"]
        ),
        Sample(
            testDescription: "a package",
            source: "import statistics.own; print(statistics.own.x, statistics.__file__)",
            files: ["statistics/__init__.py": "", "statistics/own.py": "x = 1"]
        ),
        Sample(
            testDescription: "a directory that is no package",
            source: "import statistics; print(statistics.mean([1, 3]))",
            files: ["statistics/data.csv": "1,2", "random.csv": "3"]
        ),
        Sample(
            testDescription: "an entrypoint in a subdirectory",
            entrypoint: "src/main.py",
            source: "import random, sys; print(random.x, sys.argv, sys.path[0])",
            files: ["src/random.py": "x = 5"]
        ),
        Sample(
            testDescription: "one beside the directory of the entrypoint",
            entrypoint: "src/main.py",
            source: "import random; print(random.Random(1).random())",
            files: ["random.py": "x = 5"]
        ),
        Sample(
            testDescription: "one that a preloaded module has imported",
            source: "import numbers; print(numbers.x)",
            files: ["numbers.py": "x = 6"]
        ),
        Sample(
            testDescription: "one that breaks what imports it",
            source: "import enum, re; print(re)",
            files: ["enum.py": "x = 6"]
        ),
        Sample(
            testDescription: "one that was there before any program",
            source: "import os, io, abc; print(os.__file__, io.__name__, abc.ABC)",
            files: ["os.py": "", "io.py": "", "abc.py": ""]
        ),
        Sample(
            testDescription: "one of what the sandbox itself uses",
            source: "import ctypes, resource, opcode, types; print(ctypes.x, opcode.x, types.x)",
            files: ["ctypes.py": "x = 1", "opcode.py": "x = 2", "types.py": "x = 3"]
        ),
        Sample(
            testDescription: "main itself",
            source: "import main; print(__name__)",
            files: [:]
        ),
        Sample(
            testDescription: "another main",
            entrypoint: "run.py",
            source: "import main; print(main.x)",
            files: ["main.py": "x = 7"]
        ),
        Sample(
            testDescription: "a directory put into the path",
            source: "import sys; sys.path.insert(0, 'lib'); import string; print(string.x)",
            files: ["lib/string.py": "x = 8"]
        ),
        Sample(
            testDescription: "a module of a package",
            source: "import mine.json, json; print(mine.json.x, json.dumps([1]))",
            files: ["mine/__init__.py": "", "mine/json.py": "x = 9"]
        ),
    ]

    @Test(arguments: samples)
    func ownModuleIsFoundAsByPython3(_ sample: Sample) async throws {
        let specification = TestEngine.specification(
            runtimes: [.python, .sh],
            memory: .mebibytes(128),
            preload: ["json", "random", "re", "statistics", "string"]
        )
        try await TestEngine.withSandbox(specification) { sandbox in
            var files = sample.files.sorted { $0.key < $1.key }
                .map { Program.InputFile(path: $0.key, content: Array($0.value.utf8)) }
            let found = try await sandbox.run(
                sample.source,
                by: .python,
                entrypoint: sample.entrypoint,
                files: files,
                arguments: ["a"],
                environment: ["MODE": "x"]
            )
            files.append(
                Program.InputFile(path: sample.entrypoint, content: Array(sample.source.utf8))
            )
            let expected = try await sandbox.run(
                "exec /usr/bin/python3 -B \(sample.entrypoint) a",
                by: .sh,
                files: files,
                environment: ["MODE": "x"]
            )
            #expect(found.text == expected.text, "\(found.errors)")
            #expect(found.errors == expected.errors)
            #expect(found.report?.exit.status == expected.report?.exit.status)
            #expect(found.report?.isClean == true)
        }
    }
}
