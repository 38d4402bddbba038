import Foundation
import SandmillEntity
import SandmillResults
import SandmillService
import Testing

/// Files of results as the HTTP gateway reads them.
@Suite(.timeLimit(.minutes(5))) struct ResultFilesTests {
    private func path(_ text: String) throws -> OutputPath {
        try #require(OutputPath(Array(text.utf8)))
    }

    /// A root with one result.
    private func withFiles(_ body: (ResultsWorld, OutputFiles) async throws -> Void) async throws {
        try await ResultsWorld.with { world in
            let files = world.root.appending(path: "day/1/files/plots")
            try FileManager.default.createDirectory(at: files, withIntermediateDirectories: true)
            try Data("0123456789".utf8).write(to: files.appending(path: "a b.png"))
            try Data("out".utf8).write(to: world.root.appending(path: "day/1/stdout"))
            try Data("secret".utf8).write(to: world.root.appending(path: "secret"))
            try await body(world, try OutputFiles(root: world.root.path))
        }
    }

    @Test func aFileHasItsLengthAndItsBytes() async throws {
        try await withFiles { _, files in
            let file = ResultFile.output(try path("plots/a b.png"))
            #expect(try await files.size(of: file, at: "day/1") == ByteCount(10 as Int64))
            let bytes = try await files.read(file, at: "day/1", from: 8, limit: 5)
            #expect(bytes == Array("89".utf8))
            #expect(try await files.read(file, at: "day/1", from: 10, limit: 5) == [])
            let size = try await files.size(of: .stream(.stdout), at: "day/1")
            #expect(size == ByteCount(3 as Int64))
        }
    }

    @Test func filesOfCasesLieByTheirPlace() async throws {
        try await withFiles { world, files in
            let place = world.root.appending(path: "day/1/cases/3/files")
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            try Data("in a case".utf8).write(to: place.appending(path: "a"))
            try Data("case".utf8).write(to: world.root.appending(path: "day/1/cases/3/stderr"))
            let file = ResultFile.ofCase(3, .output(try path("a")))
            let bytes = try await files.read(file, at: "day/1", from: 0, limit: 100)
            #expect(bytes == Array("in a case".utf8))
            let stream = ResultFile.ofCase(3, .stream(.stderr))
            #expect(try await files.size(of: stream, at: "day/1") == ByteCount(4 as Int64))
            let other = ResultFile.ofCase(2, .stream(.stderr))
            #expect(try await files.size(of: other, at: "day/1") == nil)
        }
    }

    @Test func whatIsNotThereIsNil() async throws {
        try await withFiles { _, files in
            let file = ResultFile.output(try path("plots/none"))
            #expect(try await files.size(of: file, at: "day/1") == nil)
            #expect(try await files.read(file, at: "day/2", from: 0, limit: 1) == nil)
        }
    }

    @Test(arguments: ["../..", "/etc", "day/../day/1", ""])
    func noPathLeadsOutOfTheRoot(directory: String) async throws {
        try await withFiles { _, files in
            let file = ResultFile.output(try path("plots/a b.png"))
            await #expect(throws: ResultsError.self) {
                try await files.size(of: file, at: directory)
            }
        }
    }

    @Test(arguments: ["link", "plots/link", "directory/secret"])
    func noLinkIsFollowed(name: String) async throws {
        try await withFiles { world, files in
            let result = world.root.appending(path: "day/1/files")
            let secret = world.root.appending(path: "secret")
            for link in ["link", "plots/link"] {
                let place = result.appending(path: link)
                try FileManager.default.createSymbolicLink(at: place, withDestinationURL: secret)
            }
            let place = result.appending(path: "directory")
            try FileManager.default.createSymbolicLink(at: place, withDestinationURL: world.root)
            let file = ResultFile.output(try path(name))
            await #expect(throws: ResultsError.self) {
                try await files.size(of: file, at: "day/1")
            }
            await #expect(throws: ResultsError.self) {
                try await files.read(file, at: "day/1", from: 0, limit: 10)
            }
        }
    }

    @Test func aDirectoryIsNoFile() async throws {
        try await withFiles { _, files in
            await #expect(throws: ResultsError.self) {
                try await files.size(of: .output(try path("plots")), at: "day/1")
            }
        }
    }

    @Test func aRootThatIsGoneIsNoticed() async throws {
        try await withFiles { world, files in
            try await files.checkReadable()
            let elsewhere = world.root.path + ".gone"
            try FileManager.default.moveItem(atPath: world.root.path, toPath: elsewhere)
            await #expect(throws: ResultsError.self) { try await files.checkReadable() }
            try FileManager.default.moveItem(atPath: elsewhere, toPath: world.root.path)
        }
    }
}
