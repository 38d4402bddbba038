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
            let inventory = ResultsInventory(root: world.root.path)
            try await inventory.remove(paths[0])
            #expect(!exists(paths[0]))
            #expect(exists(paths[1]))
            try await inventory.remove(paths[0])
            try await inventory.remove(paths[1])
            #expect(!exists(String(paths[1].dropLast(2))))
            try await inventory.remove("2000-01-01/\(UUID())/1")
        }
    }

    @Test(arguments: ["", "a", "a/b", "../a/1", ".staging/w/x", "a/../../b", "/a/b/c", "a/b/c/d"])
    func whatIsNoAttemptIsNotRemoved(_ path: String) async throws {
        try await ResultsWorld.with { world in
            _ = try world.worker()
            let inventory = ResultsInventory(root: world.root.path)
            await #expect(throws: ResultsError.self) { try await inventory.remove(path) }
            await #expect(throws: ResultsError.self) { _ = try await inventory.has(path) }
        }
    }

    /// A mount point whose file system is away has nothing, and yet nothing of it is gone.
    @Test func ofARootThatIsAwayNothingIsSaid() async throws {
        try await ResultsWorld.with { world in
            let results = try world.worker()
            let draft = world.draft(of: results, attempt: 1)
            for outcome in await results.publish([await draft.finish(document: [])]) {
                try outcome.get()
            }
            let inventory = ResultsInventory(root: world.root.path)
            #expect(try await inventory.has(draft.path))
            let away = world.root.path + ".away"
            try FileManager.default.moveItem(atPath: world.root.path, toPath: away)
            try FileManager.default.createDirectory(
                at: world.root,
                withIntermediateDirectories: false
            )
            await #expect(throws: ResultsError.self) { _ = try await inventory.has(draft.path) }
            await #expect(throws: ResultsError.self) { try await inventory.remove(draft.path) }
            try FileManager.default.removeItem(at: world.root)
            try FileManager.default.moveItem(atPath: away, toPath: world.root.path)
            #expect(try await inventory.has(draft.path))
        }
    }

    @Test func whatIsThereIsListedByDay() async throws {
        try await ResultsWorld.with { world in
            let results = try world.worker()
            let draft = world.draft(of: results, attempt: 1)
            for outcome in await results.publish([await draft.finish(document: [])]) {
                try outcome.get()
            }
            let parts = draft.path.split(separator: "/").map(String.init)
            let inventory = ResultsInventory(root: world.root.path)
            #expect(try await inventory.days() == [parts[0]])
            #expect(try await inventory.executions(on: parts[0]) == [parts[1]])
            let found = try await inventory.attempts(of: parts[1], on: parts[0])
            #expect(found.map(\.path) == [draft.path])
            #expect(try #require(found.first).age < .seconds(60))
            #expect(try await inventory.staged().isEmpty)
            #expect(try await inventory.executions(on: "2000-01-01").isEmpty)
        }
    }
}
