import Foundation
import Hashing
import SandmillEntity
import SandmillResults
import SandmillService
import Testing

@Suite("ResultsDirectory", .timeLimit(.minutes(5)))
struct ResultsDirectoryTests {
    @Test func aPublishedAttemptHasItsStreamsItsDocumentAndItsFiles() async throws {
        try await withDirectory { root, results in
            let draft = begin(results)
            try await draft.receive(.stream(.stdout, Array("out".utf8)))
            try await draft.receive(.stream(.stderr, Array("err".utf8)))
            try await receive(file: "a/b.txt", Array("content".utf8), into: draft)
            try await publish(draft, Array("{}".utf8), in: results)

            let place = root.appending(path: draft.path)
            #expect(draft.path == "2026-11-23/\(id.uuidString.lowercased())/1")
            #expect(try text(place, "stdout") == "out")
            #expect(try text(place, "stderr") == "err")
            #expect(try text(place, "result.json") == "{}")
            #expect(try text(place, "files/a/b.txt") == "content")
        }
    }

    @Test func theManifestTellsLengthAndHash() async throws {
        try await withDirectory { _, results in
            let content = [UInt8](repeating: 7, count: 100_000)
            let draft = begin(results)
            try await receive(file: "x.bin", content, into: draft)
            let digest = SHA256.hash(content).hexadecimal
            #expect(
                await draft.summary().files == [
                    OutputFile(path: "x.bin", bytes: ByteCount(100_000), sha256: digest)
                ]
            )
        }
    }

    @Test func aLargeResultIsTheSameAsASmallOne() async throws {
        try await withDirectory { root, results in
            let draft = begin(results)
            var written: [UInt8] = []
            for index in 0..<40 {
                let chunk = [UInt8](repeating: UInt8(index), count: 50_000)
                written += chunk
                try await draft.receive(.stream(.stdout, chunk))
            }
            try await publish(draft, [], in: results)
            let stored = try Data(contentsOf: root.appending(path: "\(draft.path)/stdout"))
            #expect(stored == Data(written))
            #expect(await draft.summary().stdout.stored == ByteCount(2_000_000))
        }
    }

    @Test func filesAreNeverExecutableAndNamesMayBeAnyBytes() async throws {
        try await withDirectory { root, results in
            let draft = begin(results)
            let name: [UInt8] = [0xFF, 0x0A] + Array("x".utf8)
            let path = try #require(OutputPath(name))
            try await draft.receive(.file(path, size: ByteCount(1)))
            try await draft.receive(.content([1]))
            try await publish(draft, [], in: results)
            let result = root.appending(path: "\(draft.path)/result.json").path
            let mode = try FileManager.default.attributesOfItem(atPath: result)[.posixPermissions]
            #expect(mode as? Int == 0o640)
            #expect(await draft.summary().files.map(\.path) == ["\\xff\\x0ax"])
        }
    }

    @Test func aRootThatIsThereKeepsItsModeAndOneThatIsMadeIsPrivate() async throws {
        try await withDirectory { root, results in
            #expect(try mode(root) == 0o750)
            #expect(try await results.warning() == nil)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o705],
                ofItemAtPath: root.path
            )
            let later = try ResultsDirectory(root: root.path, worker: "v")
            try await publish(begin(later), [], in: later)
            #expect(try mode(root) == 0o705)
            #expect(try await later.warning()?.contains("705") == true)
        }
    }

    /// As of a process that died behind its mkdir(2), and of an earlier version.
    @Test(arguments: [0o700, 0o755])
    func aDirectoryThatWasNotSharedIsSharedByTheNextResult(before: Int) async throws {
        try await withDirectory { root, results in
            let day = root.appending(path: "2026-11-23")
            try FileManager.default.createDirectory(
                at: day,
                withIntermediateDirectories: false,
                attributes: [.posixPermissions: before]
            )
            try await publish(begin(results), [], in: results)
            #expect(try mode(day) == 0o750)
        }
    }

    private func mode(_ file: URL) throws -> Int? {
        let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
        return attributes[.posixPermissions] as? Int
    }

    @Test func whatIsInPlaceStaysWhenAnAttemptIsPublishedAgain() async throws {
        try await withDirectory { root, results in
            try await publish(begin(results), Array("first".utf8), in: results)
            let again = begin(results)
            try await publish(again, Array("second".utf8), in: results)
            #expect(try text(root.appending(path: again.path), "result.json") == "first")
        }
    }

    @Test func aDiscardedDraftLeavesNothing() async throws {
        try await withDirectory { root, results in
            let draft = begin(results)
            try await draft.receive(.stream(.stdout, [UInt8](repeating: 1, count: 300_000)))
            await draft.discard()
            let staged = try FileManager.default.contentsOfDirectory(
                atPath: root.appending(path: ".staging/w").path
            )
            #expect(staged.isEmpty)
        }
    }

    @Test func whatAnEarlierProcessStagedStaysUntilItIsKnownToHaveEnded() async throws {
        try await withDirectory { root, results in
            try await begin(results).receive(
                .stream(.stdout, [UInt8](repeating: 1, count: 300_000))
            )
            let later = try ResultsDirectory(root: root.path, worker: "w")
            let area = root.appending(path: ".staging/w").path
            #expect(try FileManager.default.contentsOfDirectory(atPath: area).count == 1)
            #expect(try await later.removeLeftovers().isEmpty)
            #expect(try FileManager.default.contentsOfDirectory(atPath: area).isEmpty)
        }
    }

    @Test func manyResultsArePublishedTogetherAndOneThatCannotBeSpoilsNoOther() async throws {
        try await withDirectory { root, results in
            var finished: [FinishedResult] = []
            for attempt in 1...200 {
                let draft = results.begin(execution: id, attempt: attempt, day: day)
                finished.append(await draft.finish(document: Array("\(attempt)".utf8)))
            }
            let place = root.appending(path: "2026-11-23/\(id.text)")
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            try "in the way".write(
                to: place.appending(path: "77"),
                atomically: false,
                encoding: .utf8
            )
            let outcomes = await results.publish(finished)
            let failed = outcomes.indices.filter { (try? outcomes[$0].get()) == nil }
            #expect(failed.map { $0 + 1 } == [77])
            for attempt in 1...200 where attempt != 77 {
                #expect(try text(place, "\(attempt)/result.json") == "\(attempt)")
            }
        }
    }

    private let id = UUID()
    private let day = Date(timeIntervalSince1970: 1_795_430_000)

    private func begin(_ results: ResultsDirectory) -> any ResultDraft {
        results.begin(execution: id, attempt: 1, day: day)
    }

    private func publish(
        _ draft: any ResultDraft,
        _ document: [UInt8],
        in results: ResultsDirectory
    ) async throws {
        let outcomes = await results.publish([await draft.finish(document: document)])
        try #require(outcomes.count == 1)
        try outcomes[0].get()
    }

    private func receive(
        file path: String,
        _ content: [UInt8],
        into draft: any ResultDraft
    ) async throws {
        let path = try #require(OutputPath(Array(path.utf8)))
        try await draft.receive(.file(path, size: ByteCount(content.count)))
        for start in stride(from: 0, to: content.count, by: 65_536) {
            try await draft.receive(.content(Array(content[start...].prefix(65_536))))
        }
    }

    private func text(_ directory: URL, _ path: String) throws -> String {
        try String(contentsOf: directory.appending(path: path), encoding: .utf8)
    }

    private func withDirectory(
        _ body: (URL, ResultsDirectory) async throws -> Void
    ) async throws {
        let root = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: root) }
        try await body(root, try ResultsDirectory(root: root.path, worker: "w"))
    }
}
