import SandboxFixture
import SandmillService
import Testing

/// Modules that the warm interpreter has imported ahead.
@Suite(.timeLimit(.minutes(5)), .serialized)
struct PreloadTests {
    private static func specification(_ modules: [String]) -> SandboxSpecification {
        var specification = TestEngine.specification(image: TestEngine.imageOfAll)
        specification.preload = modules
        return specification
    }

    @Test func programFindsThePreloadedModulesImportedAndUnchanged() async throws {
        try await TestEngine.withSandbox(Self.specification(["json", "numpy"])) { sandbox in
            let spoiling = try await sandbox.python(
                """
                import sys
                print("json" in sys.modules, "numpy" in sys.modules, "csv" in sys.modules)
                import json, numpy
                print(numpy.arange(5).sum())
                numpy.arange = json.dumps = None
                numpy.random.seed(1)
                """
            )
            #expect(spoiling.text == "True True False\n10\n", "\(spoiling.errors)")
            let next = try await sandbox.python(
                "import json, numpy; print(json.dumps(numpy.arange(3).tolist()))"
            )
            #expect(next.text == "[0, 1, 2]\n", "\(next.errors)")
        }
    }

    @Test func randomNumbersDifferFromProgramToProgram() async throws {
        let specification = Self.specification(["random", "numpy.random"])
        try await TestEngine.withSandbox(specification) { sandbox in
            var seen: Set<String> = []
            for _ in 0..<10 {
                let result = try await sandbox.python(
                    "import random, numpy; print(random.random(), numpy.random.random())"
                )
                for number in result.text.split(whereSeparator: \.isWhitespace) {
                    seen.insert(String(number))
                }
            }
            #expect(seen.count == 20)
        }
    }

    @Test func moduleThatIsNotThereIsToldAtTheStart() async throws {
        let error = await #expect(throws: SandboxError.self) {
            try await TestEngine.withSandbox(Self.specification(["nonsense"])) { _ in }
        }
        #expect(error?.code == .engineRefused)
        #expect(error?.message.contains("No module named") == true)
    }
}
