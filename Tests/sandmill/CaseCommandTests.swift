import Foundation
import Testing

extension SystemTests {
    /// Test cases on the command line.
    @Suite(.installation(), .timeLimit(.minutes(5)))
    struct CaseCommandTests {
        private static let sum = "print(sum(map(float, input().split())))"

        private func submit(_ arguments: String...) async throws -> Installation.Ended {
            let installation = try Installation.current
            let program = try installation.file("sum.py", Self.sum)
            return try await installation.run(["submit", program, "--wait"] + arguments)
        }

        private static func document(_ ended: Installation.Ended) throws -> JSON {
            try JSON(try #require(ended.output.first, "\(ended.errors)"))
        }

        @Test func pairsOfADirectoryAreCasesInTheOrderOfTheirNumbers() async throws {
            let installation = try Installation.current
            for number in [1, 2, 10] {
                try installation.file("pairs/\(number).in", "\(number) 1\n")
                try installation.file("pairs/\(number).out", "\(number + 1)\n")
            }
            try installation.file("pairs/unchecked.in", "1 2\n")
            try installation.file("pairs/notes.txt", "no case")
            let directory = installation.directory.appending(path: "pairs").path()
            let ended = try await submit("--cases", directory, "--compare", "float:1e-6")
            #expect(ended.exitCode == 0, "\(ended.errors)")
            let document = try Self.document(ended)
            let cases = document["cases"].elements
            #expect(cases.map { $0["name"].string } == ["1", "2", "10", "unchecked"])
            #expect(cases.allSatisfy { $0["verdict"] == "accepted" }, "\(document)")
            let id = try #require(document["id"].string)
            let result = try await installation.run(["result", id])
            #expect(try JSON(result.output.joined()) == document)
        }

        @Test func outputIsComparedByLinesUnlessSomethingElseIsSaid() async throws {
            let installation = try Installation.current
            let file = try installation.file(
                "cases.json",
                """
                [{"stdin": "1 1", "expected_stdout": "2"},
                 {"stdin": "1 1", "expected_stdout": "2", "compare": "float:0"},
                 {"stdin": "1 1"}]
                """
            )
            let all = try await submit("--cases", file)
            #expect(all.exitCode == 1)
            #expect(
                try Self.document(all)["cases"].elements.map { $0["verdict"] } == [
                    "wrong_answer", "accepted", "accepted",
                ]
            )
            let first = try await submit("--cases", file, "--stop-on-first-failure")
            #expect(
                try Self.document(first)["cases"].elements.map { $0["verdict"] } == [
                    "wrong_answer", "skipped", "skipped",
                ]
            )
            let numbers = try await submit("--cases", file, "--compare", "float:1e-6")
            #expect(numbers.exitCode == 0)
        }

        @Test func whatIsNoSourceOfCasesIsWrongInput() async throws {
            let installation = try Installation.current
            try installation.file("lonely/1.out", "1")
            try installation.file("empty/notes.txt", "")
            let object = try installation.file("object.json", "{}")
            let places = ["lonely", "empty"].map { installation.directory.appending(path: $0) }
            for place in places.map({ $0.path() }) + [object, "/nowhere.json"] {
                let ended = try await submit("--cases", place)
                #expect(ended.exitCode == 65, "\(place)")
                #expect(ended.errors.contains(place), "\(ended.errors)")
            }
        }

        @Test(arguments: [["--compare", "lines"], ["--cases", "x", "--compare", "words"]])
        func flagsThatMeanNothingAreWrongUsage(arguments: [String]) async throws {
            let ended = try await Installation.current.run(["submit", "x.py"] + arguments)
            #expect(ended.exitCode == 64)
        }
    }
}
