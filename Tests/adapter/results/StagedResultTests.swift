import Foundation
import SandmillEntity
import SandmillResults
import SandmillService
import Testing

@Suite("StagedResult", .serialized, .timeLimit(.minutes(5)))
struct StagedResultTests {
    @Test func whatCameIsVisibleOnceItIsStaged() async throws {
        try await ResultsWorld.with { world in
            let draft = world.draft(of: try world.worker())
            try await draft.write("one")
            #expect(try world.staged().isEmpty)
            await draft.stage()
            try await draft.write("two")
            try await draft.write("oops", to: .stderr)
            await draft.stage()
            let place = ".staging/w/\(world.execution.text)-1"
            #expect(try world.text("\(place)/stdout") == "onetwo")
            #expect(try world.text("\(place)/stderr") == "oops")
        }
    }

    @Test func whatWroteNothingIsNotStaged() async throws {
        try await ResultsWorld.with { world in
            await world.draft(of: try world.worker()).stage()
            #expect(try world.staged().isEmpty)
        }
    }

    @Test(arguments: 0..<20)
    func stagingAtAnyTimeLosesAndRepeatsNothing(round: Int) async throws {
        try await ResultsWorld.with { world in
            let results = try world.worker()
            let draft = world.draft(of: results)
            let stdout = (0..<40).map { [UInt8](repeating: UInt8($0), count: 1 + $0 * 600) }
            let content = (0..<40).map { [UInt8](repeating: UInt8($0), count: 12_000) }
            let file = try #require(OutputPath(Array("a/b".utf8)))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    while !Task.isCancelled {
                        await draft.stage()
                        await Task.yield()
                    }
                }
                for chunk in stdout {
                    try await draft.receive(.stream(.stdout, chunk))
                    try await draft.receive(.stream(.stderr, chunk))
                }
                try await draft.receive(.file(file, size: ByteCount(480_000)))
                for chunk in content { try await draft.receive(.content(chunk)) }
                try await draft.publish(in: results)
                group.cancelAll()
            }
            func stored(_ name: String) throws -> Data {
                try Data(contentsOf: world.root.appending(path: "\(draft.path)/\(name)"))
            }
            #expect(try stored("stdout") == Data(stdout.concatenated))
            #expect(try stored("stderr") == Data(stdout.concatenated))
            #expect(try stored("files/a/b") == Data(content.concatenated))
            #expect(try world.staged().isEmpty)
        }
    }

    @Test func whatCannotBeStagedWaitsAndIsPublished() async throws {
        try await ResultsWorld.with { world in
            let results = try world.worker()
            let draft = world.draft(of: results)
            try await draft.write("one")
            try await draft.write("oops", to: .stderr)
            // The first of the two files can be written.
            let obstacle = try world.makeObstacle(at: "stderr")
            await draft.stage()
            try await draft.write("two")
            try FileManager.default.removeItem(at: obstacle)
            try await draft.publish(in: results)
            #expect(try world.text("\(draft.path)/stdout") == "onetwo")
            #expect(try world.text("\(draft.path)/stderr") == "oops")
        }
    }

    @Test(arguments: 0..<20)
    func theEndWaitsForWhatMayFailToBeStaged(round: Int) async throws {
        try await ResultsWorld.with { world in
            let results = try world.worker()
            let draft = world.draft(of: results)
            try await draft.write("one")
            let obstacle = try world.makeObstacle(at: "stdout")
            async let staging: Void = draft.stage()
            await Task.yield()
            let finished = await draft.finish(document: [])
            await staging
            try FileManager.default.removeItem(at: obstacle)
            for outcome in await results.publish([finished]) { try outcome.get() }
            #expect(try world.text("\(draft.path)/stdout") == "one")
        }
    }

    @Test func nothingIsStagedBehindTheEnd() async throws {
        try await ResultsWorld.with { world in
            let results = try world.worker()
            let finished = world.draft(of: results, attempt: 1)
            try await finished.write("one")
            _ = await finished.finish(document: [])
            await finished.stage()
            let discarded = world.draft(of: results, attempt: 2)
            try await discarded.write("one")
            await discarded.discard()
            await discarded.stage()
            #expect(try world.staged().isEmpty)
        }
    }

    @Test(arguments: 0..<20)
    func aDraftThatIsDiscardedWhileItIsStagedLeavesNothing(round: Int) async throws {
        try await ResultsWorld.with { world in
            let draft = world.draft(of: try world.worker())
            try await draft.write("one")
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await draft.stage() }
                group.addTask { await draft.discard() }
            }
            #expect(try world.staged().isEmpty)
        }
    }

    @Test func eachCaseHasItsDirectoryAndOneOfThemIsShown() async throws {
        try await ResultsWorld.with { world in
            let results = try world.worker()
            let draft = world.draft(of: results)
            let file = try #require(OutputPath(Array("a/b".utf8)))
            // More than is held in memory, so that some of it is staged before the end.
            let long = [UInt8](repeating: 7, count: 400_000)
            for index in 0..<3 {
                try await draft.begin(case: index)
                try await draft.write("case \(index)")
                try await draft.receive(.stream(.stderr, index == 1 ? long : []))
                try await draft.receive(.file(file, size: ByteCount(1)))
                try await draft.receive(.content([UInt8(index)]))
                let summary = await draft.summary()
                #expect(summary.stdout.head == Array("case \(index)".utf8))
                #expect(summary.files.map(\.path) == ["a/b"])
            }
            let outcomes = await results.publish([
                await draft.finish(document: [], streamsOf: 1)
            ])
            for outcome in outcomes { try outcome.get() }
            for index in 0..<3 {
                let place = "\(draft.path)/cases/\(index)"
                #expect(try world.text("\(place)/stdout") == "case \(index)")
                let content = try world.text("\(place)/files/a/b")
                #expect(Array(content.utf8) == [UInt8(index)])
            }
            #expect(try world.text("\(draft.path)/stdout") == "case 1")
            let shown = try Data(contentsOf: world.root.appending(path: "\(draft.path)/stderr"))
            #expect(shown == Data(long))
            #expect(try world.staged().isEmpty)
        }
    }

    @Test func theOutputOfCasesIsFollowedOnceItIsKnownWhichIsShown() async throws {
        try await ResultsWorld.with { world in
            let results = try world.worker()
            let draft = world.draft(of: results)
            for index in 0..<2 {
                try await draft.begin(case: index)
                try await draft.write("case \(index)")
                await draft.stage()
                let place = ".staging/w/\(world.execution.text)-1"
                #expect(try world.text("\(place)/stdout").isEmpty)
                #expect(try world.text("\(place)/cases/\(index)/stdout") == "case \(index)")
            }
            _ = await results.publish([await draft.finish(document: [], streamsOf: 0)])
            #expect(try world.text("\(draft.path)/stdout") == "case 0")
        }
    }
}

extension ResultsWorld {
    /// Makes the first attempt's staging fail at a file, until this is removed.
    fileprivate func makeObstacle(at file: String) throws -> URL {
        let obstacle = root.appending(path: ".staging/w/\(execution.text)-1/\(file)")
        try FileManager.default.createDirectory(at: obstacle, withIntermediateDirectories: true)
        return obstacle
    }
}
