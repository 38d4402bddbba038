import Foundation
import SandmillEntity
import SandmillResults
import SandmillService
import Testing

@Suite("OutputFiles", .timeLimit(.minutes(5)))
struct OutputFilesTests {
    @Test func bytesAreReadFromAnyOffset() async throws {
        try await ResultsWorld.with { world in
            let results = try world.worker()
            let draft = world.draft(of: results)
            try await draft.write("0123456789")
            try await draft.publish(in: results)
            let files = try OutputFiles(root: world.root.path)
            let place = OutputLocation.published(path: draft.path)
            let middle = try await files.read(.stdout, at: place, from: 3, limit: 4)
            #expect(middle == Array("3456".utf8))
            #expect(try await files.read(.stdout, at: place, from: 10, limit: 4) == [])
            #expect(try await files.read(.stderr, at: place, from: 0, limit: 4) == [])
        }
    }

    @Test func whatIsNotThereIsNil() async throws {
        try await ResultsWorld.with { world in
            let files = try OutputFiles(root: world.root.path)
            for place in [
                OutputLocation.published(path: "2026-11-23/none/1"),
                .staged(execution: UUID(), attempt: 1, worker: "w"),
            ] {
                #expect(try await files.read(.stdout, at: place, from: 0, limit: 1) == nil)
            }
        }
    }

    @Test(arguments: ["a", "a/1", "a/1/stdout"])
    func noLinkIsFollowed(link: String) async throws {
        try await ResultsWorld.with { world in
            let target = world.root.appending(path: "secret/1")
            try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
            try Data("secret".utf8).write(to: target.appending(path: "stdout"))
            let place = world.root.appending(path: link)
            try FileManager.default.createDirectory(
                at: place.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            let there = world.root.appending(path: link.replacing("a", with: "secret"))
            try FileManager.default.createSymbolicLink(at: place, withDestinationURL: there)
            let files = try OutputFiles(root: world.root.path)
            await #expect(throws: ResultsError.self) {
                try await files.read(.stdout, at: .published(path: "a/1"), from: 0, limit: 10)
            }
        }
    }

    @Test(arguments: [
        OutputLocation.published(path: "../1"), .published(path: "/etc"), .published(path: ""),
        .staged(execution: UUID(), attempt: 1, worker: ".."),
        .staged(execution: UUID(), attempt: 1, worker: "a/b"),
    ])
    func aPlaceOutsideOfTheDirectoryIsRefused(place: OutputLocation) async throws {
        try await ResultsWorld.with { world in
            let files = try OutputFiles(root: world.root.path)
            await #expect(throws: ResultsError.self) {
                try await files.read(.stdout, at: place, from: 0, limit: 1)
            }
        }
    }

    @Test func aRootThatIsNotThereIsAnErrorThatNamesIt() {
        let error = #expect(throws: ResultsError.self) { try OutputFiles(root: "/none/at/all") }
        #expect(error?.message.contains("/none/at/all") == true)
    }
}
