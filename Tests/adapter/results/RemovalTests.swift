import Foundation
import SandmillResults
import SandmillService
import Testing

/// Results that are removed.
@Suite(.timeLimit(.minutes(1)))
struct RemovalTests {
    @Test func anAttemptGoesWithAllThatIsInItAndTheOthersStay() async throws {
        try await ResultsWorld.with { world in
            let results = try world.worker()
            var paths: [String] = []
            for attempt in 1...2 {
                let draft = world.draft(of: results, attempt: attempt)
                paths.append(draft.path)
                let finished = await draft.finish(document: Array("{}".utf8))
                for outcome in await results.publish([finished]) { try outcome.get() }
            }
            func exists(_ path: String) -> Bool {
                FileManager.default.fileExists(atPath: world.root.appending(path: path).path)
            }
            try await results.remove(paths[0])
            #expect(!exists(paths[0]))
            #expect(exists(paths[1]))
            try await results.remove(paths[0])
            try await results.remove(paths[1])
            #expect(!exists(String(paths[1].dropLast(2))))
            try await results.remove("2000-01-01/\(UUID())/1")
        }
    }

    @Test(arguments: ["", "a", "a/b", "../a/1", ".staging/w/x", "a/../../b", "/a/b/c", "a/b/c/d"])
    func whatIsNoAttemptIsNotRemoved(_ path: String) async throws {
        try await ResultsWorld.with { world in
            let results = try world.worker()
            await #expect(throws: ResultsError.self) { try await results.remove(path) }
        }
    }
}
